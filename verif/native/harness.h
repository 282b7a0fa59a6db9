// The emulator's loop over clock cycles, and what it needs of a Verilated model.
//
// Everything here is the same for every design: a model binds its streams by name at run
// time, so harness.cpp is compiled once and model.cpp, a few lines, with each design.
// Little-endian hosts only: words in memory are Verilator's own storage of a payload.

#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace gatemill {

// Where a variable of the model lives.
struct Variable {
    std::uint8_t* data;
    std::uint64_t bits;
};

// A fault of the design or its files, as opposed to one of this program.
struct Fault : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// A Verilated model, whatever its class.
class Design {
public:
    virtual ~Design() = default;
    virtual void eval() = 0;
    // Throws Fault unless there is a variable `name` in `scope` ("TOP" or the top module).
    virtual Variable find(const char* scope, const char* name) = 0;
    // Starts a waveform file; throws Fault if the model was built without them.
    virtual void trace(const char* path) = 0;
    virtual void dump(std::uint64_t time) = 0;
    virtual void flush() = 0;
};

// Makes the model and settles it; memory images are read from the working directory.
Design* make_design();

}  // namespace gatemill

#define GM_API __attribute__((visibility("default")))

extern "C" {

// What the loop does with a stream.
enum : std::uint32_t { GM_SOURCE = 0, GM_SINK = 1, GM_TAP = 2 };

// How gm_advance() came back.
enum : std::int32_t { GM_DONE = 0, GM_MORE = 1, GM_STUCK = 2, GM_FAULT = 3, GM_BUG = 4 };

// A stream, its buffer, and how far it has come. Mirrored by verif/emulator.py.
struct gm_stream {
    const char* scope;
    const char* payload;
    const char* valid;
    const char* ready;
    std::uint32_t role;
    std::uint32_t pause;       // chance of idling (source) or stalling (sink), times 2**32
    std::uint64_t bits;        // of the payload
    std::uint64_t stride;      // bytes between words in the buffer
    std::uint8_t* words;       // capacity * stride bytes
    std::uint64_t capacity;    // words to send or to take
    std::uint64_t per_sample;  // words
    std::uint64_t* stamps;     // cycle of a sample's first word (source) or last word; or null
    std::uint64_t moved;       // words sent or taken so far
    std::uint64_t surplus;     // words offered beyond the capacity (sink, tap)
    std::uint32_t is_valid;    // state of the handshake in the last cycle
    std::uint32_t is_ready;
};

// A run. Mirrored by verif/emulator.py.
struct gm_job {
    const char* clock;
    const char* reset;
    std::uint64_t seed;
    std::uint64_t deadline;    // cycles without any progress after which the run is stuck
    std::uint64_t drain;       // cycles to watch for surplus words after the last word
    std::uint64_t trace_from;  // window of cycles that go into the waveform
    std::uint64_t trace_to;
    std::uint64_t cycle;       // cycles since the reset
    std::uint64_t progress;    // cycle of the last transfer
};

// All return one of the codes above; on GM_FAULT and GM_BUG `message` says why.
// Makes a model, which reads its memory images from the working directory.
GM_API std::int32_t gm_open(void** handle, char* message, std::size_t size);
GM_API void gm_close(void* handle);
// Binds the streams and resets the design. `wave` is a path, or null for no waveform.
GM_API std::int32_t gm_start(void* handle, gm_job* job, gm_stream* streams, std::size_t count,
                             const char* wave, char* message, std::size_t size);
// Runs until everything is done, for `cycles` cycles at most.
GM_API std::int32_t gm_advance(void* handle, std::uint64_t cycles, char* message,
                               std::size_t size);
// The same for a design that has a clock and two serial lines, of `divisor` cycles a bit;
// `receive` is empty where the design receives nothing.
GM_API std::int32_t gm_serial_open(void** handle, const char* clock, const char* receive,
                                   const char* transmit, std::uint64_t divisor, char* message,
                                   std::size_t size);
GM_API void gm_serial_close(void* handle);
// Runs `cycles` cycles or until `capacity` bytes came; says how many bytes went each way.
GM_API std::int32_t gm_serial_advance(void* handle, std::uint64_t cycles, const std::uint8_t* in,
                                      std::size_t count, std::size_t* taken, std::uint8_t* out,
                                      std::size_t capacity, std::size_t* given, char* message,
                                      std::size_t size);
// What a port of at most 8 bits is at.
GM_API std::int32_t gm_serial_read(void* handle, const char* name, std::uint64_t* value,
                                   char* message, std::size_t size);
// Sizes of the two structures, so that both sides of the mirror can be compared.
GM_API std::uint64_t gm_layout();
}
