// Sign extension in two instructions instead of four, for all that Verilator generates.
//
// The runtime's own functions join a mask of sign bits; compilers do not see through that, nor
// through two of them in a row, which every product has. Arguments are clean: no bit is set
// above the width. Included before the generated sources.

#pragma once

#include "verilated.h"

namespace gatemill {

constexpr IData extend(int bits, IData value) {
    return static_cast<IData>(static_cast<std::int32_t>(value << (32 - bits)) >> (32 - bits));
}

constexpr QData extend_long(int bits, QData value) {
    return static_cast<QData>(static_cast<std::int64_t>(value << (64 - bits)) >> (64 - bits));
}

constexpr IData multiply(int bits, IData a, IData b) { return extend(bits, a) * extend(bits, b); }

constexpr QData multiply_long(int bits, QData a, QData b) {
    return extend_long(bits, a) * extend_long(bits, b);
}

}  // namespace gatemill

#define VL_EXTENDS_II(to, from, value) gatemill::extend((from), (value))
#define VL_EXTENDS_QI(to, from, value) gatemill::extend_long((from), (value))
#define VL_EXTENDS_QQ(to, from, value) gatemill::extend_long((from), (value))
#define VL_MULS_III(bits, a, b) gatemill::multiply((bits), (a), (b))
#define VL_MULS_QQQ(bits, a, b) gatemill::multiply_long((bits), (a), (b))
