//! What is played: a graph of 64 nodes, of which each run gives a block of samples.

use crate::{BLOCK, Block, RATE};
use dgraph_exec::{Executor, Graph, GraphBuilder, Node, RunError, Values};
use std::error::Error;
use std::f32::consts::TAU;

pub(crate) struct Patch {
    graph: Graph<'static>,
    out: Node<Block>,
}

/// Adds a tone, and a low-pass filter for it, both of which go on from block to block.
fn voice(graph: &mut GraphBuilder<'static>, vibrato: Node<Block>, hertz: f32) -> Node<Block> {
    let mut phase = 0.0_f32;
    let tone = graph.node("tone", (vibrato,), move |vibrato: &Block| {
        vibrato.map(|vibrato| {
            phase = (phase + hertz * (1.0 + 0.01 * vibrato) / RATE).fract();
            2.0 * phase - 1.0
        })
    });
    let mut last = 0.0;
    graph.node("filter", (tone,), move |tone: &Block| {
        tone.map(|sample| {
            last += 0.1 * (sample - last);
            last
        })
    })
}

fn mix(inputs: Values<'_, Block>) -> Block {
    let mut sum = [0.0; BLOCK];
    for input in inputs.iter() {
        sum.iter_mut().zip(input).for_each(|(sum, sample)| *sum += sample / inputs.len() as f32);
    }
    sum
}

impl Patch {
    /// A chord above `hertz`, ready to be played by this executor.
    pub(crate) fn new(hertz: f32, executor: &Executor) -> Result<Self, Box<dyn Error>> {
        let mut graph = GraphBuilder::new();
        let mut phase = 0.0_f32;
        let vibrato = graph.node("vibrato", (), move || {
            [(); BLOCK].map(|()| {
                phase = (phase + 5.0 / RATE).fract();
                (phase * TAU).sin()
            })
        });
        let groups: Vec<_> = (2..6)
            .map(|octave| {
                let hertz = (4..11).map(|step| hertz * (octave * step) as f32 / 8.0);
                let voices: Vec<_> = hertz.map(|hertz| voice(&mut graph, vibrato, hertz)).collect();
                graph.node("group", &voices, mix)
            })
            .collect();
        let dry = graph.node("dry", &groups, mix);
        let mut tape = vec![0.0; 12_000];
        let mut at = 0;
        let echo = graph.node("echo", (dry,), move |dry: &Block| {
            dry.map(|sample| {
                let wet = sample + 0.4 * tape[at];
                tape[at] = wet;
                at = (at + 1) % tape.len();
                wet
            })
        });
        let out = graph.node("limit", (echo,), |echo: &Block| echo.map(f32::tanh));
        let mut graph = graph.build()?;
        assert_eq!(graph.dag().node_count(), 64);
        // A graph's first run on an executor allocates, so it takes place before the patch is handed over.
        graph.run_parallel(executor)?;
        Ok(Self { graph, out })
    }

    /// Fills the next block.
    pub(crate) fn play(&mut self, executor: &Executor, block: &mut Block) -> Result<(), RunError> {
        *block = self.graph.run_parallel(executor)?[self.out];
        Ok(())
    }
}
