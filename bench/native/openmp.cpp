// OpenMP tasks with depend clauses: one thread creates them in topological order, the team runs them.

#include "driver.h"

#include <exception>
#include <memory>
#include <vector>

namespace {

struct Graph {
    int threads;
    Body body;
    const void *context;
    std::vector<std::uint32_t> order;
    // The predecessors of node i are sources[starts[i] .. starts[i + 1]].
    std::vector<std::size_t> starts;
    std::vector<std::uint32_t> sources;
    // A task writes its node's mark, as far as the runtime knows, and reads those of its predecessors.
    std::vector<char> marks;
};

} // namespace

extern "C" void *openmp_new(int threads, std::uint32_t nodes, const std::uint32_t *edges, std::size_t count,
                            Body body, const void *context) {
    try {
        auto built = std::make_unique<Graph>();
        built->threads = threads;
        built->body = body;
        built->context = context;
        built->marks.resize(nodes);
        auto &starts = built->starts;
        starts.resize(nodes + 1);
        std::vector<std::vector<std::uint32_t>> successors(nodes);
        for (std::size_t edge = 0; edge < count; ++edge) {
            successors[edges[2 * edge]].push_back(edges[2 * edge + 1]);
            ++starts[edges[2 * edge + 1] + 1];
        }
        std::vector<std::size_t> left(starts.begin() + 1, starts.end());
        for (std::uint32_t node = 0; node < nodes; ++node) {
            starts[node + 1] += starts[node];
        }
        built->sources.resize(count);
        std::vector<std::size_t> next(starts.begin(), starts.end() - 1);
        for (std::size_t edge = 0; edge < count; ++edge) {
            built->sources[next[edges[2 * edge + 1]]++] = edges[2 * edge];
        }
        auto &order = built->order;
        for (std::uint32_t node = 0; node < nodes; ++node) {
            if (left[node] == 0) {
                order.push_back(node);
            }
        }
        for (std::size_t at = 0; at < order.size(); ++at) {
            for (const auto successor : successors[order[at]]) {
                if (--left[successor] == 0) {
                    order.push_back(successor);
                }
            }
        }
        return order.size() == nodes ? built.release() : nullptr;
    } catch (const std::exception &) {
        return nullptr;
    }
}

extern "C" void openmp_run(void *graph) {
    auto &it = *static_cast<Graph *>(graph);
    char *const marks = it.marks.data();
#pragma omp parallel num_threads(it.threads)
#pragma omp single
    for (const auto node : it.order) {
        const std::uint32_t *const sources = it.sources.data() + it.starts[node];
        const std::size_t count = it.starts[node + 1] - it.starts[node];
#pragma omp task firstprivate(node) depend(iterator(std::size_t k = 0 : count), in : marks[sources[k]])                \
    depend(out : marks[node])
        it.body(it.context, node);
    }
}

extern "C" void openmp_free(void *graph) { delete static_cast<Graph *>(graph); }
