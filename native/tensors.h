// Tensors as the framework hands them over: DLPack's exchange table, one C call a tensor.
//
// The structures below are those of DLPack 1.3 (a stable binary interface), so that this
// module is not bound to one version of PyTorch.

#pragma once

#include <Python.h>

#include <cstdint>
#include <stdexcept>

#include "step.h"

namespace inertial {

struct DeviceOf { int32_t type, index; };
struct TypeOf { uint8_t code, bits; uint16_t lanes; };

struct TensorView {
  void* data;
  DeviceOf device;
  int32_t dimensions;
  TypeOf type;
  int64_t* shape;
  int64_t* strides;
  uint64_t byte_offset;
};

struct Exchange {
  uint32_t major, minor;
  void* older;
  void *allocate, *managed_from, *managed_to;
  int (*view)(void* object, TensorView* out);
  void* stream;
};

constexpr int32_t ON_CPU = 1;
constexpr uint8_t INTEGER = 0, FLOAT = 2, BFLOAT = 4, COMPLEX = 5, TRUTH = 6;

// One tensor's memory, if this module can work on it.
struct Array {
  char* data = nullptr;
  int64_t count = 0;      // of real numbers
  Type type = Type::none;
  TensorView view{};

  int64_t bytes() const {
    switch (type) {
      case Type::f64: return 8 * count;
      case Type::f32: return 4 * count;
      case Type::bytes: return count;
      default: return 2 * count;
    }
  }
};

inline Type type_of(TypeOf t) {
  if (t.lanes != 1) return Type::none;
  const bool real = t.code == FLOAT;
  if ((real && t.bits == 32) || (t.code == COMPLEX && t.bits == 64)) return Type::f32;
  if ((real && t.bits == 64) || (t.code == COMPLEX && t.bits == 128)) return Type::f64;
  if (real && t.bits == 16) return Type::f16;
  if (t.code == BFLOAT && t.bits == 16) return Type::bf16;
  if (t.code == INTEGER && t.bits == 8) return Type::bytes;
  return Type::none;
}

// Whether the strides fill one run of memory without gap or overlap, in any order.
inline bool dense(const TensorView& v) {
  int64_t expected = 1;
  bool row_major = true;
  for (int32_t d = 0; d < v.dimensions; d++)
    if (v.shape[d] == 0) return true;
  for (int32_t d = v.dimensions - 1; d >= 0 && row_major; d--) {
    row_major = v.shape[d] == 1 || v.strides[d] == expected;
    expected *= v.shape[d];
  }
  if (row_major) return true;
  expected = 1;
  for (int32_t taken = 0, d; taken < v.dimensions; taken++) {
    for (d = 0; d < v.dimensions; d++)  // the axis that continues the run
      if (v.shape[d] > 1 && v.strides[d] == expected) break;
    if (d == v.dimensions) break;
    expected *= v.shape[d];
  }
  int64_t count = 1;
  for (int32_t d = 0; d < v.dimensions; d++) count *= v.shape[d];
  return expected == count;
}

// Whether two tensors keep the same element at the same place of their memory.
inline bool alike(const TensorView& a, const TensorView& b) {
  if (a.dimensions != b.dimensions) return false;
  for (int32_t d = 0; d < a.dimensions; d++) {
    if (a.shape[d] != b.shape[d]) return false;
    if (a.shape[d] > 1 && a.strides[d] != b.strides[d]) return false;
  }
  return (a.type.code == COMPLEX) == (b.type.code == COMPLEX);
}

inline bool overlap(const Array& a, const Array& b) {
  return a.data < b.data + b.bytes() && b.data < a.data + a.bytes();
}

// How this module meets the framework.
struct Framework {
  const Exchange* exchange = nullptr;
  PyTypeObject *tensor = nullptr, *parameter = nullptr;
  PyObject* dispatch = nullptr;  // what a tensor does that leaves all to the framework

  void check() const {
    if (!exchange) throw std::runtime_error("call bind first");
  }

  bool is_plain(PyObject* object) const {
    return Py_TYPE(object) == tensor || Py_TYPE(object) == parameter;
  }

  // Whether an object's memory is what it seems: a class that answers for itself what
  // an operation does may keep its numbers elsewhere.
  bool is_open(PyObject* object) const {
    if (is_plain(object)) return true;
    PyObject* type = reinterpret_cast<PyObject*>(Py_TYPE(object));
    PyObject* own = PyObject_GetAttrString(type, "__torch_dispatch__");
    if (!own) PyErr_Clear();
    Py_XDECREF(own);
    return own == dispatch;
  }
};

// Whether a method of a tensor without arguments says yes, or fails.
inline bool says(PyObject* tensor, const char* method) {
  PyObject* answer = PyObject_CallMethod(tensor, method, nullptr);
  if (!answer) PyErr_Clear();
  const bool yes = answer != Py_False;
  Py_XDECREF(answer);
  return yes;
}

// Whether the numbers are not what lies in memory: conjugated or negated when they are
// read. A real tensor is negated as the imaginary part of a conjugated one, which has
// gaps unless it is a single number.
inline bool lazy(PyObject* tensor, const Array& array) {
  const bool complex = array.view.type.code == COMPLEX;
  if (complex && says(tensor, "is_conj")) return true;
  return (complex || array.count == 1) && says(tensor, "is_neg");
}

// Look into a tensor. False (and no Python error left) where it cannot be worked on.
inline bool look(const Framework& torch, PyObject* tensor, Array& out) {
  if (!torch.is_open(tensor)) return false;
  if (torch.exchange->view(tensor, &out.view) != 0) {
    PyErr_Clear();
    return false;
  }
  const TensorView& v = out.view;
  out.type = type_of(v.type);
  if (v.device.type != ON_CPU || out.type == Type::none) return false;
  if (v.dimensions > 0 && (!v.shape || !v.strides)) return false;
  out.count = v.type.code == COMPLEX ? 2 : 1;
  for (int32_t d = 0; d < v.dimensions; d++) out.count *= v.shape[d];
  if (out.count == 0) return true;
  if (!v.data) return false;  // freed, or never there
  out.data = static_cast<char*>(v.data) + v.byte_offset;
  const uintptr_t place = reinterpret_cast<uintptr_t>(out.data);
  return place % uintptr_t(out.bytes() / out.count) == 0 && !lazy(tensor, out);
}

}  // namespace inertial
