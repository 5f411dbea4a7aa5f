// Pieces of work in order, and the threads that share them.

#pragma once

#include <omp.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "step.h"

namespace inertial {

constexpr int64_t WORTH_A_THREAD = 32768;  // numbers, as in PyTorch's own loops

// Pieces in order, and the runs of pieces that one thread takes at a time. Both follow
// from the sizes alone, and so do the sums: never from the number of threads.
struct Work {
  using Span = std::pair<const char*, const char*>;
  std::vector<Piece> pieces;
  std::vector<size_t> ends;
  std::vector<Span> written, apart;  // positions; those known to lie apart
  int64_t open = 0, total = 0;

  void clear() {
    pieces.clear();
    ends.clear();
    written.clear();
    open = total = 0;
  }

  void add(Piece whole, int64_t count) {
    for (int64_t at = 0; at < count; at += PIECE) {
      whole.begin = at;
      whole.count = std::min(PIECE, count - at);
      pieces.push_back(whole);
      open += whole.count;
      if (open >= PIECE) close();
    }
    total += count;
  }

  void close() {
    if (open) ends.push_back(pieces.size());
    open = 0;
  }

  // Whether no two tensors share memory: those that do must move one after another.
  bool lie_apart() {
    if (written == apart) return true;  // as at the last step
    std::vector<Span> sorted = written;
    std::sort(sorted.begin(), sorted.end());
    for (size_t i = 1; i < sorted.size(); i++)
      if (sorted[i].first < sorted[i - 1].second) return false;
    apart = written;
    return true;
  }

  // Nothing may be thrown while threads run: all room is made before.
  template <int N, class Run>
  void run(int threads, double* sums, Run one) {
    close();
    const int64_t tasks = int64_t(ends.size());
    std::vector<double> found(size_t(tasks) * N, 0.0);
    auto task = [&](int64_t t) {
      for (size_t i = t ? ends[size_t(t) - 1] : 0; i < ends[size_t(t)]; i++)
        one(pieces[i], &found[size_t(t) * N]);
    };
    if (threads > 1 && tasks > 1 && total > WORTH_A_THREAD && lie_apart()) {
#pragma omp parallel for schedule(static) num_threads(threads)
      for (int64_t t = 0; t < tasks; t++) task(t);
    } else {
      for (int64_t t = 0; t < tasks; t++) task(t);
    }
    for (int64_t t = 0; t < tasks; t++)
      for (int k = 0; k < N; k++) sums[k] += found[size_t(t) * N + size_t(k)];
  }
};

}  // namespace inertial
