// The Python module: which tensors move, in which pieces, on how many threads.

#include <nanobind/nanobind.h>

#include "tensors.h"
#include "work.h"

namespace nb = nanobind;
using namespace inertial;

namespace {

Framework torch;
const Kernels* kernels = nullptr;
PyObject *GRAD, *BUFFER, *STARTED;

bool is_true(PyObject* flag) {
  if (PyBool_Check(flag)) return flag == Py_True;
  TensorView v;
  if (!torch.is_plain(flag)) return false;
  if (torch.exchange->view(flag, &v) != 0) {
    PyErr_Clear();
    return false;
  }
  return v.device.type == ON_CPU && v.type.code == TRUTH && v.dimensions == 0 &&
         *(static_cast<char*>(v.data) + v.byte_offset) != 0;
}

double number(PyObject* tuple, Py_ssize_t i) {
  return PyFloat_AsDouble(NB_TUPLE_GET_ITEM(tuple, i));
}

// In the order of `inertial/torch/native.py`, which is the only caller.
Setting setting_of(PyObject* told) {
  if (!PyTuple_Check(told) || NB_TUPLE_GET_SIZE(told) != 15)
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
  if (!look(torch, position, x) || x.type == Type::bytes || !dense(x.view))
    return false;
  if (!look(torch, gradient, g) || g.type == Type::bytes || !fits(x, g)) return false;
  const bool keeps = momentum != Py_None, remembers = memory != Py_None;
  if (keeps && (!look(torch, momentum, b) || !fits(x, b) || overlap(g, b)))
    return false;
  if (remembers && (!look(torch, memory, m) || !fits(x, m) || m.type == Type::bytes ||
                    overlap(g, m) || (keeps && overlap(b, m))))
    return false;
  if (keeps && b.type == Type::bytes) {
    if (scales == Py_None || !look(torch, scales, s) || s.type != Type::f32 ||
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
  if (x.count) work.written.emplace_back(x.data, x.data + x.bytes());
  return true;
}

nb::object run(const Setting& s, Work& work, int threads) {
  double sums[SUMS] = {};
  const Kernels* chosen = kernels;  // which another thread may change from here on
  {
    nb::gil_scoped_release release;
    work.run<SUMS>(threads, sums, [&](const Piece& p, double* found) {
      chosen->move(s, p, found);
    });
  }
  if (!s.sums) return nb::none();
  nb::list out;
  for (double sum : sums) out.append(sum);
  return nb::tuple(out);
}

PyObject* item(nb::handle list, Py_ssize_t i) { return NB_LIST_GET_ITEM(list.ptr(), i); }

// Move what can be moved; return the sums (or None) and the places of what is left.
nb::tuple move(nb::list params, nb::list grads, nb::list buffers, nb::list memories,
               nb::list scales, nb::list seeds, nb::tuple told, int threads) {
  torch.check();
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
  Work spare;  // its memory, from step to step

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
    const bool ready = buffer && flag && torch.is_plain(buffer) && started(flag, place);
    return ready ? buffer : nullptr;
  }

  // Join a parameter to the work, and keep alive what it reads and writes until that is
  // done: another thread may take it away meanwhile. False where it is not plain.
  bool take(PyObject* param, PyObject* own, bool keeps, size_t place, Work& work,
            std::vector<nb::object>& held) {
    nb::object grad = nb::steal(PyObject_GetAttr(param, GRAD));
    if (!grad.is_valid()) throw nb::python_error();
    if (grad.is_none()) return true;
    PyObject* buffer = keeps ? buffer_of(own, place) : Py_None;
    if (!buffer || !torch.is_plain(grad.ptr()) ||
        !join(param, grad.ptr(), buffer, Py_None, Py_None, 0, work))
      return false;
    held.push_back(nb::borrow(param));
    held.push_back(std::move(grad));
    if (keeps) held.push_back(nb::borrow(buffer));
    return true;
  }

  // False, and nothing moved, where one tensor is not plain; else the sums (or None) and
  // how many moved.
  nb::object step(nb::list params, nb::dict state, bool keeps, nb::tuple told,
                  int threads) {
    torch.check();
    const Setting s = setting_of(told.ptr());
    States states{state.ptr()};
    Work work = std::move(spare);  // another thread that steps here finds none
    spare = Work();
    work.clear();
    std::vector<nb::object> held;
    held.reserve(3 * params.size());
    for (Py_ssize_t i = 0; i < Py_ssize_t(params.size()); i++) {
      PyObject* param = item(params, i);
      if (!torch.is_plain(param)) return nb::bool_(false);
      PyObject* own = keeps ? states.of(param) : nullptr;
      if (!take(param, own, keeps, size_t(i), work, held)) return nb::bool_(false);
    }
    nb::object sums = run(s, work, threads);
    spare = std::move(work);
    return nb::make_tuple(sums, held.size() / (keeps ? 3 : 2));
  }
};

// Square of all gradients, how many of their numbers are not finite, and the places of
// those that are left.
nb::tuple norm(nb::list grads, int threads) {
  torch.check();
  Work work;
  nb::list left;
  for (Py_ssize_t i = 0; i < Py_ssize_t(grads.size()); i++) {
    Array g;
    if (!look(torch, item(grads, i), g) || g.type == Type::bytes || !dense(g.view)) {
      left.append(i);
      continue;
    }
    Piece p{};
    p.gradient = g.data;
    p.gradient_type = g.type;
    work.add(p, g.count);
  }
  double found[2] = {};
  const Kernels* chosen = kernels;
  {
    nb::gil_scoped_release release;
    work.run<2>(threads, found,
                [&](const Piece& p, double* sums) { chosen->norm(p, sums); });
  }
  return nb::make_tuple(found[0], found[1], left);
}

// What this build has and this machine can run, the best last.
std::vector<const Kernels*> runnable() {
  std::vector<const Kernels*> all{baseline()};
#if defined(__x86_64__) || defined(_M_X64)
  __builtin_cpu_init();
  const bool middle = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool wide = middle && __builtin_cpu_supports("avx512f") &&
                    __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512dq") &&
                    __builtin_cpu_supports("avx512vl");
  if (middle && avx2()) all.push_back(avx2());
  if (wide && avx512()) all.push_back(avx512());
#endif
  return all;
}

// Learn how to look into tensors. Must be called once before anything else.
void bind(nb::handle capsule, nb::handle tensor, nb::handle parameter) {
  auto* table = static_cast<const Exchange*>(
      PyCapsule_GetPointer(capsule.ptr(), "dlpack_exchange_api"));
  if (!table) throw nb::python_error();
  if (table->major != 1 || !table->view)
    throw nb::value_error("this version of DLPack's exchange table is unknown");
  torch.exchange = table;
  torch.tensor = reinterpret_cast<PyTypeObject*>(tensor.ptr());
  torch.parameter = reinterpret_cast<PyTypeObject*>(parameter.ptr());
  torch.dispatch = PyObject_GetAttrString(tensor.ptr(), "__torch_dispatch__");
  if (!torch.dispatch) throw nb::python_error();
}

// Choose the instructions by name, for tests; those of this machine otherwise.
void use(const char* name) {
  for (const Kernels* k : runnable())
    if (nb::str(k->name).equal(nb::str(name))) {
      kernels = k;
      return;
    }
  throw nb::value_error("these instructions are not in this build or this machine");
}

}  // namespace

NB_MODULE(_native, m) {
  nb::set_leak_warnings(false);  // an optimizer may live as long as the process
  nb::set_leak_warnings(false);  // an optimizer may live until the very end
  kernels = runnable().back();
  GRAD = PyUnicode_InternFromString("grad");
  BUFFER = PyUnicode_InternFromString("momentum_buffer");
  STARTED = PyUnicode_InternFromString("started");
  m.def("bind", &bind);
  m.def("move", &move);
  nb::class_<Roll>(m, "Roll").def(nb::init<>()).def("step", &Roll::step);
  m.def("norm", &norm);
  m.def("use", &use);
  m.def("instructions", [] { return kernels->name; });
  m.def("runnable", [] {
    nb::list names;
    for (const Kernels* k : runnable()) names.append(k->name);
    return names;
  });
}
