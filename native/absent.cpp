// Instruction sets that this processor family does not have.

#include "step.h"

namespace inertial {
const Kernels* avx2() { return nullptr; }
const Kernels* avx512() { return nullptr; }
}  // namespace inertial
