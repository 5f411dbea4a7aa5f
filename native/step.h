// The step of a damped particle on contiguous memory: what is told, and what comes back.
//
// One text (move.cpp) is compiled for each instruction set and chosen when it runs. It
// makes the three lines of the map, in the order of operations of PyTorch's own loop:
//
//   momentum' = decay * momentum + kick * force
//   velocity  = dK/dp at (blend_momentum * momentum' + blend_force * force)
//   position' = keep * position + drift * velocity
//
// with PyTorch's sign: `gradient` is minus the force, the buffer minus the momentum.

#pragma once

#include <cstdint>

namespace inertial {

// How the numbers of an array are stored. `bytes` is 8 bits with a scale per block.
enum class Type : uint8_t { none, f32, f64, bf16, f16, bytes };

enum class Velocity : uint8_t { newtonian, relativistic, sign, huber, adaptive };

constexpr int BLOCK = 1024;        // numbers between two sums in double
constexpr int64_t PIECE = 16384;   // numbers of one piece of work; whole blocks
constexpr int SCALED = 256;        // numbers that share one scale in `Type::bytes`

// What all tensors of a batch share.
struct Setting {
  double decay, kick, blend_momentum, blend_force, drift, keep;
  double weight_decay;   // coupled; joins the gradient
  double factor;         // of the gradient, before all else: -1 climbs
  Velocity velocity;
  double words[3];       // of the kinetic energy; see move.cpp
  double last_blend;     // blend_momentum of the step before, for `gradient_velocity`
  bool sums;             // whether the sums below are wanted
  bool random;           // whether a 16-bit or 8-bit buffer is rounded at random
};

// A run of numbers inside one tensor.
struct Piece {
  char* position;
  const char* gradient;
  char* momentum;        // null: nothing of the past survives
  char* memory;          // mean square of the gradient, where the mass remembers
  float* scales;         // of the whole tensor, where the momentum is kept in bytes
  int64_t begin, count;
  uint32_t seed;         // of this tensor's rounding in this step
  Type position_type, gradient_type, momentum_type, memory_type;
};

// Sums over all numbers of a step. `gradient` is the gradient times `factor`, `force`
// what is left after weight decay joined it (with the gradient's sign).
enum Sum : int {
  GRADIENT_SQUARE,
  FORCE_SQUARE,
  FORCE_MOMENTUM,        // with the momentum before the step
  MOMENTUM_SQUARE,       // before the step
  DISPLACEMENT_SQUARE,
  GRADIENT_DISPLACEMENT,
  GRADIENT_POSITION,     // with the position before the step
  GRADIENT_VELOCITY,     // with the velocity of the step before, from the old buffer
  ENERGY_BEFORE,         // K at blend_momentum * momentum: of the old momentum,
  ENERGY_SLOWED,         // of decay * old momentum,
  ENERGY_AFTER,          // of the new momentum
  NOT_FINITE,            // how many numbers of the gradient are inf or nan
  SUMS
};

using Move = void (*)(const Setting&, const Piece&, double* sums);
using Norm = void (*)(const Piece&, double* square_and_not_finite);

struct Kernels {
  const char* name;
  Move move;
  Norm norm;
};

// One per instruction set; null where this build lacks it.
const Kernels* baseline();
const Kernels* avx2();
const Kernels* avx512();

}  // namespace inertial
