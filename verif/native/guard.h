// Faults as return codes: nothing is thrown through the C interface.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>

#include "harness.h"

namespace gatemill {

inline void report(char* message, std::size_t size, const char* text) {
    std::strncpy(message, text, size - 1);
    message[size - 1] = 0;
}

// Runs `body`; a fault of the design is told apart from one of this program.
template <typename Body>
std::int32_t guarded(char* message, std::size_t size, Body body) {
    try {
        return body();
    } catch (const Fault& fault) {
        report(message, size, fault.what());
        return GM_FAULT;
    } catch (const std::exception& error) {
        report(message, size, error.what());
        return GM_BUG;
    }
}

}  // namespace gatemill
