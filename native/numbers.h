// Numbers in memory <-> numbers to calculate with, a block at a time.
//
// Every loop here is branch-free and runs over plain arrays, so that a compiler makes
// vectors of it for whatever instruction set it is told.

#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "step.h"

namespace inertial {
namespace {  // each instruction set needs its own copy

inline uint32_t bits_of(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

inline float float_of(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// Mix the number of an element with a seed: 32 bits without visible pattern. The same
// function stands in inertial/torch/rounding.py, so that both give the same digits.
inline uint32_t noise(uint32_t seed, uint32_t index) {
  uint32_t x = index * 0x9E3779B1u ^ seed;
  x ^= x >> 16;
  x *= 0x7FEB352Du;
  x ^= x >> 15;
  x *= 0x846CA68Bu;
  return x ^ x >> 16;
}

inline float from_half(uint16_t half) {
  const uint32_t sign = uint32_t(half & 0x8000u) << 16;
  const uint32_t rest = uint32_t(half & 0x7FFFu) << 13;
  const uint32_t normal = rest + (112u << 23);            // exponents start elsewhere
  const uint32_t endless = rest + (224u << 23);           // inf and nan
  const float tiny = float_of(rest + (113u << 23)) - float_of(113u << 23);
  uint32_t bits = rest >= (31u << 23) ? endless : normal;
  bits = rest < (1u << 23) ? bits_of(tiny) : bits;
  return float_of(bits | sign);
}

inline uint16_t to_half(float value) {
  const uint32_t sign = bits_of(value) & 0x80000000u;
  const uint32_t rest = bits_of(value) ^ sign;
  const uint32_t normal = (rest - (112u << 23) + 0xFFFu + (rest >> 13 & 1u)) >> 13;
  const uint32_t tiny = bits_of(float_of(rest) + 0.5f) - bits_of(0.5f);
  const uint32_t endless = rest > 0x7F800000u ? 0x7E00u : 0x7C00u;
  uint32_t half = rest < (113u << 23) ? tiny : normal;
  half = rest >= (143u << 23) ? endless : half;
  return uint16_t(half | sign >> 16);
}

inline float from_bfloat(uint16_t value) { return float_of(uint32_t(value) << 16); }

inline uint16_t to_bfloat(float value) {
  const uint32_t bits = bits_of(value);
  const uint32_t nearest = (bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16;
  return uint16_t(value == value ? nearest : 0x7FC0u);
}

// Up or down at random, in proportion to the distance: right on average. The chance
// cannot carry inf into nan.
inline uint16_t to_bfloat(float value, uint16_t chance) {
  const uint32_t rounded = (bits_of(value) + chance) >> 16;
  return uint16_t(value == value ? rounded : 0x7FC0u);
}

template <class Number, class Stored, class Convert>
inline void each(const Stored* from, int count, Number* to, Convert convert) {
#pragma omp simd
  for (int i = 0; i < count; i++) to[i] = Number(convert(from[i]));
}

template <class Number>
void load(Type type, const char* from, int64_t at, int count, Number* to) {
  switch (type) {
    case Type::f32:
      return each(reinterpret_cast<const float*>(from) + at, count, to,
                  [](float v) { return v; });
    case Type::f64:
      return each(reinterpret_cast<const double*>(from) + at, count, to,
                  [](double v) { return v; });
    case Type::bf16:
      return each(reinterpret_cast<const uint16_t*>(from) + at, count, to, from_bfloat);
    case Type::f16:
      return each(reinterpret_cast<const uint16_t*>(from) + at, count, to, from_half);
    default:
      for (int i = 0; i < count; i++) to[i] = 0;
  }
}

template <class Number>
void store(Type type, const Number* from, int count, char* to, int64_t at) {
  switch (type) {
    case Type::f32:
      return each(from, count, reinterpret_cast<float*>(to) + at,
                  [](Number v) { return float(v); });
    case Type::f64:
      return each(from, count, reinterpret_cast<double*>(to) + at,
                  [](Number v) { return double(v); });
    case Type::bf16:
      return each(from, count, reinterpret_cast<uint16_t*>(to) + at,
                  [](Number v) { return to_bfloat(float(v)); });
    case Type::f16:
      return each(from, count, reinterpret_cast<uint16_t*>(to) + at,
                  [](Number v) { return to_half(float(v)); });
    default:
      return;
  }
}

// Sixteen random bits for each place of a block. Each block of a tensor turns some of them
// over, by its own `flips`: any two chances of a tensor are then independent, and one
// table serves all its blocks.
inline void chances(uint32_t seed, uint16_t* table) {
#pragma omp simd
  for (int i = 0; i < BLOCK / 2; i++) {
    const uint32_t x = noise(seed, uint32_t(i));
    table[i] = uint16_t(x);
    table[i + BLOCK / 2] = uint16_t(x >> 16);
  }
}

inline uint16_t flips(uint32_t seed, int64_t at) {
  return uint16_t(noise(~seed, uint32_t(at / BLOCK)) >> 16);
}

// 8 bits: whole steps of scale = largest/127, one scale for every SCALED numbers.
template <class Number>
void load_bytes(const char* from, const float* scales, int64_t at, int count, Number* to) {
  const int8_t* in = reinterpret_cast<const int8_t*>(from) + at;
  for (int start = 0; start < count; start += SCALED) {
    const float scale = scales[(at + start) / SCALED];
    const int end = start + SCALED < count ? start + SCALED : count;
#pragma omp simd
    for (int i = start; i < end; i++) to[i] = Number(float(in[i]) * scale);
  }
}

template <class Number>
void store_bytes(const Number* from, int count, char* to, float* scales, int64_t at,
                 const uint16_t* chance, uint16_t flip) {
  int8_t* out = reinterpret_cast<int8_t*>(to) + at;
  for (int start = 0; start < count; start += SCALED) {
    const int end = start + SCALED < count ? start + SCALED : count;
    uint32_t largest = 0;  // as bits, which sizes keep in order: nan above all
#pragma omp simd reduction(max : largest)
    for (int i = start; i < end; i++) {
      const uint32_t size = bits_of(float(from[i])) & 0x7FFFFFFFu;
      largest = size > largest ? size : largest;
    }
    float scale = float_of(largest) / 127.0f;
    if (scale < 0x1p-126f) scale = 0;  // whose inverse is no number
    if (largest >= 0x7F800000u) scale = float_of(0x7FC00000u);
    scales[(at + start) / SCALED] = scale;
    const float inverse = scale > 0 ? 1.0f / scale : 0.0f;
#pragma omp simd
    for (int i = start; i < end; i++) {
      const float share = float(uint16_t(chance[i] ^ flip)) * 0x1p-16f;
      float step = std::floor(float(from[i]) * inverse + share);
      step = step > 127.0f ? 127.0f : step;
      step = step < -127.0f ? -127.0f : step;
      out[i] = int8_t(int(scale > 0 ? step : 0.0f));
    }
  }
}

}  // namespace
}  // namespace inertial
