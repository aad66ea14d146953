// What both drivers offer to the benchmark: a graph that runs a callback for each node.

#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {
// The body of a node.
using Body = void (*)(const void *context, std::uint32_t node);

// `edges` holds pairs (u, v): v depends on u. Returns null if the graph can't be built.
using New = void *(int threads, std::uint32_t nodes, const std::uint32_t *edges, std::size_t count, Body body,
                   const void *context);
using Run = void(void *graph);
using Free = void(void *graph);

New onetbb_new, openmp_new;
Run onetbb_run, openmp_run;
Free onetbb_free, openmp_free;
}
