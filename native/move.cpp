// The three lines of the map, block by block, with the sums of what is in registers.
//
// Compiled once per instruction set, with INSTRUCTIONS naming the one it is told to use.
// Without -ffast-math: infinities and the order of operations are meant. Where PyTorch's
// loop fuses a product and a sum into one rounding, so does `fma` here.

#include <cmath>
#include <limits>

#include "numbers.h"

#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
#define INERTIAL_FMA 1
#endif

namespace inertial {
namespace {

template <class N>
inline N fma(N a, N b, N c) {
#ifdef INERTIAL_FMA
  return std::fma(a, b, c);
#else
  return a * b + c;  // one rounding more, but not a call of a function
#endif
}

// The words of the kinetic energy, in the precision of the numbers; `rest` is what a
// leaves of 1, which float32 could not tell from a rounded a.
template <class N>
struct Words {
  N a, b, c, rest;
};

// dK/dp. relativistic: a speed limit, b (rest mass * speed limit)^2. huber: a limit.
template <Velocity V, class N>
inline N slope(N p, N mass, const Words<N>& w) {
  if constexpr (V == Velocity::relativistic) return w.a * p / std::sqrt(p * p + w.b);
  if constexpr (V == Velocity::sign) return N(p > 0) - N(p < 0);
  if constexpr (V == Velocity::huber) return p > w.a ? w.a : (p < -w.a ? -w.a : p);
  if constexpr (V == Velocity::adaptive) return p / mass;
  return p;
}

// K, for the energies other than Newton's, whose sums follow from those of p and force.
template <Velocity V, class N>
inline N energy(N p, N mass, const Words<N>& w) {
  if constexpr (V == Velocity::relativistic)
    return w.a * p * p / (std::sqrt(p * p + w.b) + std::sqrt(w.b));
  if constexpr (V == Velocity::sign) return std::fabs(p);
  if constexpr (V == Velocity::huber) {
    const N clipped = slope<V>(p, mass, w);
    return clipped * (p - clipped / 2);
  }
  if constexpr (V == Velocity::adaptive) return p * p / mass / 2;
  return 0;
}

// adaptive: a decay of the mean square, b epsilon, c root of the share of it seen.
template <class N>
inline N remembered(N square, N force, const Words<N>& w) {
  return w.a * square + w.rest * force * force;
}

template <class N>
inline N mass_of(N square, const Words<N>& w) {
  return std::sqrt(square) / w.c + w.b;
}

// One block. `x`, `b`, `m` are read and written; `g` is read.
template <class N, Velocity V, bool BLENDS, bool JOINS, bool SUMMED>
void block(const Setting& s, int count, N* __restrict x, const N* __restrict g,
           N* __restrict b, N* __restrict m, double* sums) {
  const N decay = N(s.decay), kick = N(s.kick), keep = N(s.keep), drift = N(-s.drift);
  const N share = N(s.blend_momentum), push = N(s.blend_force);
  const N pull = N(s.weight_decay), factor = N(s.factor), last = N(s.last_blend);
  const Words<N> w{N(s.words[0]), N(s.words[1]), N(s.words[2]), N(1 - s.words[0])};
  const N largest = std::numeric_limits<N>::max();
  N gg = 0, ff = 0, fp = 0, pp = 0, dd = 0, gd = 0, gx = 0, gv = 0, bad = 0;
  N before = 0, slowed = 0, after = 0;
#pragma omp simd reduction(+ : gg, ff, fp, pp, dd, gd, gx, gv, bad, before, slowed, after)
  for (int i = 0; i < count; i++) {
    const N at = x[i], old = b[i];
    N gradient = g[i];
    if constexpr (JOINS) gradient *= factor;
    N force = gradient;
    if constexpr (JOINS) force = fma(at, pull, gradient);
    const N survived = decay * old;
    const N momentum = fma(force, kick, survived);
    N mass = 0;
    if constexpr (V == Velocity::adaptive) {
      m[i] = remembered(m[i], force, w);
      mass = mass_of(m[i], w);
    }
    N blended = share * momentum;
    if constexpr (BLENDS) blended = fma(momentum, share, force * push);
    const N moved = fma(slope<V>(blended, mass, w), drift, keep * at);
    b[i] = momentum;
    x[i] = moved;
    if constexpr (SUMMED) {
      const N way = moved - at;
      gg += gradient * gradient;
      if constexpr (JOINS) ff += force * force;
      fp += force * old;
      pp += old * old;
      dd += way * way;
      gd += gradient * way;
      gx += gradient * at;
      bad += std::fabs(gradient) <= largest ? N(0) : N(1);
      if constexpr (V != Velocity::adaptive) gv += gradient * slope<V>(last * old, mass, w);
      if constexpr (V != Velocity::newtonian) {
        before += energy<V>(share * old, mass, w);
        slowed += energy<V>(share * survived, mass, w);
        after += energy<V>(share * momentum, mass, w);
      }
    }
  }
  if constexpr (SUMMED) {
    const N found[SUMS] = {gg, JOINS ? ff : gg, fp, pp, dd, gd, gx, gv,
                           before, slowed, after, bad};
    for (int i = 0; i < SUMS; i++) sums[i] += double(found[i]);
  }
}

template <class N>
using Block = void (*)(const Setting&, int, N*, const N*, N*, N*, double*);

template <class N, Velocity V>
Block<N> chosen(bool blends, bool joins, bool summed) {
  constexpr Block<N> all[2][2][2] = {
      {{block<N, V, false, false, false>, block<N, V, false, false, true>},
       {block<N, V, false, true, false>, block<N, V, false, true, true>}},
      {{block<N, V, true, false, false>, block<N, V, true, false, true>},
       {block<N, V, true, true, false>, block<N, V, true, true, true>}}};
  return all[blends][joins][summed];
}

template <class N>
Block<N> chosen(const Setting& s) {
  const bool blends = s.blend_force != 0;
  const bool joins = s.weight_decay != 0 || s.factor != 1;
  switch (s.velocity) {
    case Velocity::relativistic:
      return chosen<N, Velocity::relativistic>(blends, joins, s.sums);
    case Velocity::sign:
      return chosen<N, Velocity::sign>(blends, joins, s.sums);
    case Velocity::huber:
      return chosen<N, Velocity::huber>(blends, joins, s.sums);
    case Velocity::adaptive:
      return chosen<N, Velocity::adaptive>(blends, joins, s.sums);
    default:
      return chosen<N, Velocity::newtonian>(blends, joins, s.sums);
  }
}

// An array as numbers to calculate with: itself where it is stored so, else a copy.
template <class N>
N* opened(Type type, char* array, int64_t at, int count, N* room) {
  if (type == (sizeof(N) == 8 ? Type::f64 : Type::f32))
    return reinterpret_cast<N*>(array) + at;
  load(type, array, at, count, room);
  return room;
}

template <class N>
void close(Type type, char* array, int64_t at, int count, const N* room, const N* used) {
  if (used == room && array) store(type, room, count, array, at);
}

template <class N>
void close_momentum(const Setting& s, const Piece& p, int64_t at, int count,
                    const N* room, const N* used) {
  if (p.momentum_type == Type::bytes)
    store_bytes(room, count, p.momentum, p.scales, at, p.seed);
  else if (p.momentum_type == Type::bf16 && s.random)
    store_random(room, count, p.momentum, at, p.seed);
  else
    close(p.momentum_type, p.momentum, at, count, room, used);
}

template <class N>
void move_in(const Setting& s, const Piece& p, double* sums) {
  const Block<N> run = chosen<N>(s);
  alignas(64) N x_room[BLOCK], g_room[BLOCK], b_room[BLOCK], m_room[BLOCK];
  for (int64_t at = p.begin; at < p.begin + p.count; at += BLOCK) {
    const int64_t left = p.begin + p.count - at;
    const int count = int(left < BLOCK ? left : BLOCK);
    N* x = opened(p.position_type, p.position, at, count, x_room);
    const N* g = opened(p.gradient_type, const_cast<char*>(p.gradient), at, count, g_room);
    N* b = b_room;
    if (p.momentum_type == Type::bytes)
      load_bytes(p.momentum, p.scales, at, count, b_room);
    else
      b = opened(p.momentum_type, p.momentum, at, count, b_room);
    N* m = s.velocity == Velocity::adaptive
               ? opened(p.memory_type, p.memory, at, count, m_room)
               : m_room;
    run(s, count, x, g, b, m, sums);
    close(p.position_type, p.position, at, count, x_room, x);
    close_momentum(s, p, at, count, b_room, b);
    if (s.velocity == Velocity::adaptive)
      close(p.memory_type, p.memory, at, count, m_room, m);
  }
}

bool in_double(const Piece& p) {
  return p.position_type == Type::f64 || p.gradient_type == Type::f64 ||
         p.momentum_type == Type::f64;
}

void move(const Setting& s, const Piece& p, double* sums) {
  in_double(p) ? move_in<double>(s, p, sums) : move_in<float>(s, p, sums);
}

// Square of the gradient and how many of its numbers are not finite.
template <class N>
void norm_in(const Piece& p, double* found) {
  alignas(64) N room[BLOCK];
  const N largest = std::numeric_limits<N>::max();
  for (int64_t at = p.begin; at < p.begin + p.count; at += BLOCK) {
    const int64_t left = p.begin + p.count - at;
    const int count = int(left < BLOCK ? left : BLOCK);
    const N* g = opened(p.gradient_type, const_cast<char*>(p.gradient), at, count, room);
    N square = 0, bad = 0;
#pragma omp simd reduction(+ : square, bad)
    for (int i = 0; i < count; i++) {
      square += g[i] * g[i];
      bad += std::fabs(g[i]) <= largest ? N(0) : N(1);
    }
    found[0] += double(square);
    found[1] += double(bad);
  }
}

void norm(const Piece& p, double* found) {
  p.gradient_type == Type::f64 ? norm_in<double>(p, found) : norm_in<float>(p, found);
}

}  // namespace

#define INERTIAL_NAME_OF(set) #set
#define INERTIAL_NAME(set) INERTIAL_NAME_OF(set)

const Kernels* INSTRUCTIONS() {
  static const Kernels kernels{INERTIAL_NAME(INSTRUCTIONS), move, norm};
  return &kernels;
}

}  // namespace inertial
