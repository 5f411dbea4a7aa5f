// The Python module: which tensors move, in which pieces, on how many threads.

#include <nanobind/nanobind.h>
#include <omp.h>

#include <algorithm>
#include <vector>

#include "tensors.h"

namespace nb = nanobind;
using namespace inertial;

namespace {

const Exchange* exchange = nullptr;
PyTypeObject *plain_tensor = nullptr, *plain_parameter = nullptr;
const Kernels* kernels = nullptr;
PyObject *GRAD, *BUFFER, *STARTED;

constexpr int64_t WORTH_A_THREAD = 32768;  // numbers, as in PyTorch's own loops

// Pieces in order, and the runs of pieces that one thread takes at a time. Both follow
// from the sizes alone, and so do the sums: never from the number of threads.
struct Work {
  std::vector<Piece> pieces;
  std::vector<size_t> ends;
  int64_t open = 0, total = 0;

  void clear() {
    pieces.clear();
    ends.clear();
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

  template <int N, class Run>
  void run(int threads, double* sums, Run one) {
    close();
    const int64_t tasks = int64_t(ends.size());
    std::vector<double> found(size_t(tasks) * N, 0.0);
    const bool parallel = threads > 1 && tasks > 1 && total > WORTH_A_THREAD;
    auto task = [&](int64_t t) {
      for (size_t i = t ? ends[size_t(t) - 1] : 0; i < ends[size_t(t)]; i++)
        one(pieces[i], &found[size_t(t) * N]);
    };
    if (parallel) {
#pragma omp parallel for schedule(static) num_threads(threads)
      for (int64_t t = 0; t < tasks; t++) task(t);
    } else {
      for (int64_t t = 0; t < tasks; t++) task(t);
    }
    for (int64_t t = 0; t < tasks; t++)
      for (int k = 0; k < N; k++) sums[k] += found[size_t(t) * N + size_t(k)];
  }
};

bool is_plain(PyObject* object) {
  return Py_TYPE(object) == plain_tensor || Py_TYPE(object) == plain_parameter;
}

bool is_true(PyObject* flag) {
  if (PyBool_Check(flag)) return flag == Py_True;
  TensorView v;
  if (!is_plain(flag)) return false;
  if (exchange->view(flag, &v) != 0) {
    PyErr_Clear();
    return false;
  }
  return v.device.type == ON_CPU && v.type.code == TRUTH && v.dimensions == 0 &&
         *(static_cast<char*>(v.data) + v.byte_offset) != 0;
}

double number(PyObject* tuple, Py_ssize_t i) {
  return PyFloat_AsDouble(PyTuple_GET_ITEM(tuple, i));
}

// In the order of `inertial/torch/native.py`, which is the only caller.
Setting setting_of(PyObject* told) {
  if (!PyTuple_Check(told) || PyTuple_GET_SIZE(told) != 15)
    throw nb::value_error("a setting has 15 numbers");
  Setting s{};
  double* fields[] = {&s.decay, &s.kick, &s.blend_momentum, &s.blend_force, &s.drift,
                      &s.keep, &s.weight_decay, &s.factor, &s.words[0], &s.words[1],
                      &s.words[2], &s.last_blend};
  for (Py_ssize_t i = 0; i < 12; i++) *fields[i] = number(told, i);
  s.velocity = Velocity(int(number(told, 12)));
  s.sums = number(told, 13) != 0;
  s.random = number(told, 14) != 0;
  if (PyErr_Occurred()) throw nb::python_error();
  return s;
}

bool fits(const Array& position, const Array& other) {
  return other.count == position.count && alike(position.view, other.view) &&
         !overlap(position, other);
}

// Join a tensor's arrays to a piece. False where this kernel cannot move it.
bool join(PyObject* position, PyObject* gradient, PyObject* momentum, PyObject* memory,
          PyObject* scales, uint32_t seed, Work& work) {
  Array x, g, b, m, s;
  if (!look(*exchange, position, x) || x.type == Type::bytes || !dense(x.view))
    return false;
  if (!look(*exchange, gradient, g) || g.type == Type::bytes || !fits(x, g)) return false;
  const bool keeps = momentum != Py_None, remembers = memory != Py_None;
  if (keeps && (!look(*exchange, momentum, b) || !fits(x, b) || overlap(g, b)))
    return false;
  if (remembers && (!look(*exchange, memory, m) || !fits(x, m) || m.type == Type::bytes))
    return false;
  if (keeps && b.type == Type::bytes) {
    if (scales == Py_None || !look(*exchange, scales, s) || s.type != Type::f32 ||
        s.count != (x.count + SCALED - 1) / SCALED)
      return false;
  }
  Piece p{};
  p.position = x.data;
  p.gradient = g.data;
  p.momentum = keeps ? b.data : nullptr;
  p.memory = remembers ? m.data : nullptr;
  p.scales = reinterpret_cast<float*>(s.data);
  p.seed = seed;
  p.position_type = x.type;
  p.gradient_type = g.type;
  p.momentum_type = keeps ? b.type : Type::none;
  p.memory_type = remembers ? m.type : Type::none;
  work.add(p, x.count);
  return true;
}

nb::object run(const Setting& s, Work& work, int threads) {
  double sums[SUMS] = {};
  {
    nb::gil_scoped_release release;
    work.run<SUMS>(threads, sums, [&](const Piece& p, double* found) {
      kernels->move(s, p, found);
    });
  }
  if (!s.sums) return nb::none();
  PyObject* out = PyTuple_New(SUMS);
  for (int k = 0; k < SUMS; k++) PyTuple_SET_ITEM(out, k, PyFloat_FromDouble(sums[k]));
  return nb::steal(out);
}

PyObject* item(nb::handle list, Py_ssize_t i) { return PyList_GET_ITEM(list.ptr(), i); }

// Move what can be moved; return the sums (or None) and the places of what is left.
nb::tuple move(nb::list params, nb::list grads, nb::list buffers, nb::list memories,
               nb::list scales, nb::list seeds, nb::tuple told, int threads) {
  const Setting s = setting_of(told.ptr());
  const Py_ssize_t count = Py_ssize_t(params.size());
  for (const nb::list& list : {grads, buffers, memories, scales, seeds})
    if (Py_ssize_t(list.size()) != count) throw nb::value_error("lists differ in length");
  Work work;
  nb::list left;
  for (Py_ssize_t i = 0; i < count; i++) {
    const unsigned long seed = PyLong_AsUnsignedLongMask(item(seeds, i));
    if (!join(item(params, i), item(grads, i), item(buffers, i), item(memories, i),
              item(scales, i), uint32_t(seed), work))
      left.append(i);
  }
  return nb::make_tuple(run(s, work, threads), left);
}

// Finds each parameter's own state. Where the parameters stand in the state in the order
// of the group, as they mostly do, no key is hashed: a tensor's hash is a Python call.
struct States {
  PyObject* state;
  Py_ssize_t place = 0;

  PyObject* of(PyObject* param) {
    PyObject *key = nullptr, *own = nullptr;
    if (PyDict_Next(state, &place, &key, &own) && key == param) return own;
    own = PyDict_GetItemWithError(state, param);
    if (!own) PyErr_Clear();
    return own;
  }
};

// Moves whole groups whose tensors are all plain and past their first step, straight from
// their state. It remembers which flags "started" it has seen raised; forget it when a
// state is loaded.
struct Roll {
  std::vector<nb::object> raised;
  Work work;

  bool started(PyObject* flag, size_t place) {
    if (place < raised.size() && raised[place].is(flag)) return true;
    if (!is_true(flag)) return false;
    if (raised.size() <= place) raised.resize(place + 1);
    raised[place] = nb::borrow(flag);
    return true;
  }

  PyObject* buffer_of(PyObject* own, size_t place) {
    if (!own || !PyDict_Check(own)) return nullptr;
    PyObject* buffer = PyDict_GetItemWithError(own, BUFFER);
    PyObject* flag = PyDict_GetItemWithError(own, STARTED);
    PyErr_Clear();
    const bool ready = buffer && flag && is_plain(buffer) && started(flag, place);
    return ready ? buffer : nullptr;
  }

  // False, and nothing moved, where one tensor is not plain; else the sums (or None) and
  // how many moved.
  nb::object step(nb::list params, nb::dict state, bool keeps, nb::tuple told,
                  int threads) {
    const Setting s = setting_of(told.ptr());
    States states{state.ptr()};
    work.clear();
    Py_ssize_t moved = 0;
    for (Py_ssize_t i = 0; i < Py_ssize_t(params.size()); i++) {
      PyObject* param = item(params, i);
      if (!is_plain(param)) return nb::bool_(false);
      nb::object grad = nb::steal(PyObject_GetAttr(param, GRAD));
      if (!grad.is_valid()) throw nb::python_error();
      PyObject* own = keeps ? states.of(param) : nullptr;
      if (grad.is_none()) continue;
      PyObject* buffer = keeps ? buffer_of(own, size_t(i)) : Py_None;
      if (!buffer || !is_plain(grad.ptr()) ||
          !join(param, grad.ptr(), buffer, Py_None, Py_None, 0, work))
        return nb::bool_(false);
      moved++;
    }
    return nb::make_tuple(run(s, work, threads), moved);
  }
};

// Square of all gradients, how many of their numbers are not finite, and the places of
// those that are left.
nb::tuple norm(nb::list grads, int threads) {
  Work work;
  nb::list left;
  for (Py_ssize_t i = 0; i < Py_ssize_t(grads.size()); i++) {
    Array g;
    if (!look(*exchange, item(grads, i), g) || g.type == Type::bytes || !dense(g.view)) {
      left.append(i);
      continue;
    }
    Piece p{};
    p.gradient = g.data;
    p.gradient_type = g.type;
    work.add(p, g.count);
  }
  double found[2] = {};
  {
    nb::gil_scoped_release release;
    work.run<2>(threads, found,
                [](const Piece& p, double* sums) { kernels->norm(p, sums); });
  }
  return nb::make_tuple(found[0], found[1], left);
}

const Kernels* best() {
#if defined(__x86_64__) || defined(_M_X64)
  __builtin_cpu_init();
  const bool wide = __builtin_cpu_supports("avx512f") &&
                    __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512dq") &&
                    __builtin_cpu_supports("avx512vl");
  const bool middle = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (wide && middle && avx512()) return avx512();
  if (middle && avx2()) return avx2();
#endif
  return baseline();
}

// Learn how to look into tensors. Must be called once before anything else.
void bind(nb::handle capsule, nb::handle tensor, nb::handle parameter) {
  auto* table = static_cast<const Exchange*>(
      PyCapsule_GetPointer(capsule.ptr(), "dlpack_exchange_api"));
  if (!table) throw nb::python_error();
  if (table->major != 1 || !table->view)
    throw nb::value_error("this version of DLPack's exchange table is unknown");
  exchange = table;
  plain_tensor = reinterpret_cast<PyTypeObject*>(tensor.ptr());
  plain_parameter = reinterpret_cast<PyTypeObject*>(parameter.ptr());
}

// Choose the instructions by name, for tests; those of this machine otherwise.
void use(const char* name) {
  for (const Kernels* k : {baseline(), best()})
    if (k && nb::str(k->name).equal(nb::str(name))) {
      kernels = k;
      return;
    }
  throw nb::value_error("these instructions are not in this build or this machine");
}

}  // namespace

NB_MODULE(_native, m) {
  nb::set_leak_warnings(false);  // an optimizer may live as long as the process
  kernels = best();
  GRAD = PyUnicode_InternFromString("grad");
  BUFFER = PyUnicode_InternFromString("momentum_buffer");
  STARTED = PyUnicode_InternFromString("started");
  m.def("bind", &bind);
  m.def("move", &move);
  nb::class_<Roll>(m, "Roll").def(nb::init<>()).def("step", &Roll::step);
  m.def("norm", &norm);
  m.def("use", &use);
  m.def("instructions", [] { return kernels->name; });
}
