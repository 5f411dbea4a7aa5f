// The three lines of the map, block by block, with the sums of what is in registers.
//
// Compiled once per instruction set, with INSTRUCTIONS naming the one it is told to use.
// Without -ffast-math: infinities and the order of operations are meant. Where PyTorch's
// loop fuses a product and a sum into one rounding, so does `fma` here.

#include <cmath>

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

// How many numbers are inf or nan: counted only where the square of a block is neither.
template <class N>
double not_finite(int count, const N* g, N factor) {
  double bad = 0;
  for (int i = 0; i < count; i++) bad += std::isfinite(g[i] * factor) ? 0 : 1;
  return bad;
}

// What is added up while a block moves. `along`: Newton's velocity without a blend, on a
// position that is not shrunk, is along the momentum, so that products with the way and
// with the last velocity follow from those with the momentum, and cost nothing here.
enum class Account { none, along, whole };

// A block of the momentum: as numbers, or as 16 bits that are rounded at random.
template <class N>
struct Plain {
  N* __restrict at;
  N get(int i) const { return at[i]; }
  void set(int i, N value) const { at[i] = value; }
};

template <class N>
struct Random {
  uint16_t* __restrict at;
  const uint16_t* __restrict chance;
  uint16_t flip;
  N get(int i) const { return N(from_bfloat(at[i])); }
  void set(int i, N value) const {
    at[i] = to_bfloat(float(value), uint16_t(chance[i] ^ flip));
  }
};

// One block. `x`, `b`, `m` are read and written; `g` is read.
template <class N, Velocity V, bool BLENDS, bool JOINS, Account A, class Momentum>
void block(const Setting& s, int count, N* __restrict x, const N* __restrict g,
           const Momentum b, N* __restrict m, double* sums) {
  const N decay = N(s.decay), kick = N(s.kick), keep = N(s.keep), drift = N(-s.drift);
  const N share = N(s.blend_momentum), push = N(s.blend_force);
  const N pull = N(s.weight_decay), factor = N(s.factor), last = N(s.last_blend);
  const Words<N> w{N(s.words[0]), N(s.words[1]), N(s.words[2]), N(1 - s.words[0])};
  N gg = 0, ff = 0, fp = 0, pp = 0, gf = 0, gp = 0, gx = 0, dd = 0, gd = 0, gv = 0;
  N before = 0, slowed = 0, after = 0;
#pragma omp simd reduction(+ : gg, ff, fp, pp, gf, gp, gx, dd, gd, gv, before, slowed, after)
  for (int i = 0; i < count; i++) {
    const N at = x[i], old = b.get(i);
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
    const N velocity = slope<V>(blended, mass, w);
    const N moved = fma(velocity, drift, keep * at);
    b.set(i, momentum);
    x[i] = moved;
    if constexpr (A != Account::none) {
      gg += gradient * gradient;
      fp += force * old;
      pp += old * old;
      gx += gradient * at;
      if constexpr (JOINS) ff += force * force;
    }
    if constexpr (A == Account::along && JOINS) {
      gf += gradient * force;
      gp += gradient * old;
    }
    if constexpr (A == Account::whole) {
      const N way = moved - at;
      dd += way * way;
      gd += gradient * way;
      if constexpr (V != Velocity::adaptive) gv += gradient * slope<V>(last * old, mass, w);
      if constexpr (V != Velocity::newtonian) before += energy<V>(share * old, mass, w);
      if constexpr (V == Velocity::adaptive && !BLENDS)
        after += blended * velocity / 2;  // K, without another quotient
      else if constexpr (V != Velocity::newtonian)
        after += energy<V>(share * momentum, mass, w);
      if constexpr (V == Velocity::relativistic || V == Velocity::huber)
        slowed += energy<V>(share * survived, mass, w);
    }
  }
  if constexpr (A != Account::none) {
    if constexpr (V == Velocity::adaptive) slowed = decay * decay * before;
    if constexpr (V == Velocity::sign) slowed = std::fabs(decay) * before;
    double found[SUMS] = {gg, JOINS ? ff : gg, fp, pp, dd, gd, gx, gv,
                          before, slowed, after, 0};
    if constexpr (A == Account::along) {
      const double rate = -s.drift * s.blend_momentum;
      const double met = JOINS ? gp : fp, joined = JOINS ? gf : gg;
      found[DISPLACEMENT_SQUARE] =
          rate * rate * (s.decay * s.decay * pp + 2 * s.decay * s.kick * fp +
                         s.kick * s.kick * found[FORCE_SQUARE]);
      found[GRADIENT_DISPLACEMENT] = rate * (s.decay * met + s.kick * joined);
      found[GRADIENT_VELOCITY] = s.last_blend * met;
    }
    if (!std::isfinite(gg))
      found[NOT_FINITE] = not_finite(count, g, JOINS ? factor : N(1));
    for (int i = 0; i < SUMS; i++) sums[i] += found[i];
  }
}

template <class N, class M>
using Block = void (*)(const Setting&, int, N*, const N*, M, N*, double*);

template <class N, class M, Velocity V>
Block<N, M> chosen(bool blends, bool joins, bool summed) {
  constexpr Account none = Account::none, whole = Account::whole;
  constexpr Block<N, M> all[2][2][2] = {
      {{block<N, V, false, false, none, M>, block<N, V, false, false, whole, M>},
       {block<N, V, false, true, none, M>, block<N, V, false, true, whole, M>}},
      {{block<N, V, true, false, none, M>, block<N, V, true, false, whole, M>},
       {block<N, V, true, true, none, M>, block<N, V, true, true, whole, M>}}};
  return all[blends][joins][summed];
}

template <class N, class M>
Block<N, M> chosen(const Setting& s) {
  const bool blends = s.blend_force != 0;
  const bool joins = s.weight_decay != 0 || s.factor != 1;
  switch (s.velocity) {
    case Velocity::relativistic:
      return chosen<N, M, Velocity::relativistic>(blends, joins, s.sums);
    case Velocity::sign:
      return chosen<N, M, Velocity::sign>(blends, joins, s.sums);
    case Velocity::huber:
      return chosen<N, M, Velocity::huber>(blends, joins, s.sums);
    case Velocity::adaptive:
      return chosen<N, M, Velocity::adaptive>(blends, joins, s.sums);
    default:
      if (s.sums && !blends && s.keep == 1)
        return joins ? block<N, Velocity::newtonian, false, true, Account::along, M>
                     : block<N, Velocity::newtonian, false, false, Account::along, M>;
      return chosen<N, M, Velocity::newtonian>(blends, joins, s.sums);
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
void move_in(const Setting& s, const Piece& p, double* sums) {
  const bool packed = p.momentum_type == Type::bytes;
  const bool random = p.momentum_type == Type::bf16 && s.random;
  const bool remembers = s.velocity == Velocity::adaptive;
  const auto plain = chosen<N, Plain<N>>(s);
  const auto rounded = chosen<N, Random<N>>(s);
  alignas(64) N x_room[BLOCK], g_room[BLOCK], b_room[BLOCK], m_room[BLOCK];
  alignas(64) uint16_t chance[BLOCK];
  if (packed || random) chances(p.seed, chance);
  for (int64_t at = p.begin; at < p.begin + p.count; at += BLOCK) {
    const int64_t left = p.begin + p.count - at;
    const int count = int(left < BLOCK ? left : BLOCK);
    N* x = opened(p.position_type, p.position, at, count, x_room);
    const N* g = opened(p.gradient_type, const_cast<char*>(p.gradient), at, count, g_room);
    N* m = remembers ? opened(p.memory_type, p.memory, at, count, m_room) : m_room;
    const uint16_t flip = flips(p.seed, at);
    if (random) {
      auto* b = reinterpret_cast<uint16_t*>(p.momentum) + at;
      rounded(s, count, x, g, Random<N>{b, chance, flip}, m, sums);
    } else if (packed) {
      load_bytes(p.momentum, p.scales, at, count, b_room);
      plain(s, count, x, g, Plain<N>{b_room}, m, sums);
      store_bytes(b_room, count, p.momentum, p.scales, at, chance, flip);
    } else {
      N* b = opened(p.momentum_type, p.momentum, at, count, b_room);
      plain(s, count, x, g, Plain<N>{b}, m, sums);
      close(p.momentum_type, p.momentum, at, count, b_room, b);
    }
    close(p.position_type, p.position, at, count, x_room, x);
    if (remembers) close(p.memory_type, p.memory, at, count, m_room, m);
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
  for (int64_t at = p.begin; at < p.begin + p.count; at += BLOCK) {
    const int64_t left = p.begin + p.count - at;
    const int count = int(left < BLOCK ? left : BLOCK);
    const N* g = opened(p.gradient_type, const_cast<char*>(p.gradient), at, count, room);
    N square = 0;
#pragma omp simd reduction(+ : square)
    for (int i = 0; i < count; i++) square += g[i] * g[i];
    found[0] += double(square);
    if (!std::isfinite(square)) found[1] += not_finite(count, g, N(1));
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
