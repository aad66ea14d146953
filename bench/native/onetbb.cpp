// oneTBB's flow graph: a continue_node for each node, as in its guide on dependency graphs.

#include "driver.h"

#include <exception>
#include <memory>
#include <vector>

#include <tbb/flow_graph.h>
#include <tbb/task_arena.h>

namespace flow = tbb::flow;
using Node = flow::continue_node<flow::continue_msg>;

namespace {

struct Graph {
    tbb::task_arena arena;
    std::unique_ptr<flow::graph> graph;
    std::unique_ptr<flow::broadcast_node<flow::continue_msg>> start;
    std::vector<std::unique_ptr<Node>> nodes;

    explicit Graph(int threads) : arena(threads) {}
};

} // namespace

extern "C" void *onetbb_new(int threads, std::uint32_t nodes, const std::uint32_t *edges, std::size_t count,
                            Body body, const void *context) {
    try {
        auto built = std::make_unique<Graph>(threads);
        // A flow graph spawns its tasks in the arena in which it was made.
        built->arena.execute([&] {
            built->graph = std::make_unique<flow::graph>();
            auto &graph = *built->graph;
            built->start = std::make_unique<flow::broadcast_node<flow::continue_msg>>(graph);
            built->nodes.reserve(nodes);
            for (std::uint32_t node = 0; node < nodes; ++node) {
                auto visit = [=](const flow::continue_msg &) { body(context, node); };
                built->nodes.push_back(std::make_unique<Node>(graph, visit));
            }
            std::vector<bool> root(nodes, true);
            for (std::size_t edge = 0; edge < count; ++edge) {
                const auto u = edges[2 * edge], v = edges[2 * edge + 1];
                flow::make_edge(*built->nodes[u], *built->nodes[v]);
                root[v] = false;
            }
            for (std::uint32_t node = 0; node < nodes; ++node) {
                if (root[node]) {
                    flow::make_edge(*built->start, *built->nodes[node]);
                }
            }
        });
        return built.release();
    } catch (const std::exception &) {
        return nullptr;
    }
}

extern "C" void onetbb_run(void *graph) {
    auto &it = *static_cast<Graph *>(graph);
    it.arena.execute([&] {
        it.start->try_put(flow::continue_msg());
        it.graph->wait_for_all();
    });
}

extern "C" void onetbb_free(void *graph) { delete static_cast<Graph *>(graph); }
