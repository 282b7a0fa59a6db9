// The emulator's loop; see harness.h.

#include "guard.h"
#include "harness.h"

#include <cstring>
#include <memory>
#include <vector>

namespace gatemill {
namespace {

// xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators,
// scrambled", 2016), seeded through splitmix64 so that streams differ.
class Random {
public:
    Random(std::uint64_t seed, std::uint64_t stream) {
        std::uint64_t z = seed + 0x9e3779b97f4a7c15ULL * (stream + 1);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        state = (z ^ (z >> 31)) | 1;
    }
    std::uint32_t next() {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        return static_cast<std::uint32_t>((state * 0x2545f4914f6cdd1dULL) >> 32);
    }

private:
    std::uint64_t state;
};

// Bytes that Verilator keeps a variable in.
std::size_t storage(std::uint64_t bits) {
    if (bits <= 8) return 1;
    if (bits <= 16) return 2;
    if (bits <= 32) return 4;
    return bits <= 64 ? 8 : (bits + 31) / 32 * 4;
}

void copy(std::uint8_t* to, const std::uint8_t* from, std::size_t bytes) {
    switch (bytes) {  // constant sizes become single moves
    case 1: *to = *from; break;
    case 2: std::memcpy(to, from, 2); break;
    case 4: std::memcpy(to, from, 4); break;
    case 8: std::memcpy(to, from, 8); break;
    default: std::memcpy(to, from, bytes);
    }
}

// A stream of the design while it runs.
class Channel {
public:
    Channel(Design& design, gm_stream& shared, std::uint64_t seed, std::size_t index)
        : stream{shared}, random{seed, index} {
        const Variable data = design.find(shared.scope, shared.payload);
        if (data.bits != shared.bits) {
            throw Fault{std::string{shared.payload} + " has " + std::to_string(data.bits)
                        + " bits, but must have " + std::to_string(shared.bits)};
        }
        payload = data.data;
        valid = flag(design, shared.valid);
        ready = flag(design, shared.ready);
        bytes = storage(data.bits);
        if (shared.stride < bytes) throw std::logic_error{"stride of a buffer is too small"};
        held.resize(bytes);
    }

    // Before the edge: what the environment does in this cycle.
    void drive() {
        if (stream.role == GM_SINK) {
            *ready = !pauses();
        } else if (stream.role == GM_SOURCE && !offering) {
            offering = stream.moved < stream.capacity && !pauses();
            *valid = offering;
            if (offering) {
                copy(payload, stream.words + stream.moved * stream.stride, bytes);
            } else if (stream.pause) {
                scramble();
            }
        }
    }

    // After settling: what moved, and whether the rules were kept. True if a word moved.
    bool observe(std::uint64_t cycle) {
        const bool offered = *valid & 1, taken = *ready & 1;
        stream.is_valid = offered;
        stream.is_ready = taken;
        if (stream.role == GM_SOURCE) {
            if (!(offered & taken)) return false;
            if (stream.stamps && stream.moved % stream.per_sample == 0) {
                stream.stamps[stream.moved / stream.per_sample] = cycle;
            }
            ++stream.moved;
            offering = false;
            return true;
        }
        if (waiting) check(offered, cycle);
        waiting = offered & !taken;
        if (waiting) copy(held.data(), payload, bytes);
        return offered & taken ? take(cycle) : false;
    }

    // Whether every word has moved.
    bool complete() const { return stream.moved == stream.capacity; }

private:
    static std::uint8_t* flag(Design& design, gm_stream& shared, const char* name) {
        const Variable found = design.find(shared.scope, name);
        if (found.bits != 1) throw Fault{std::string{name} + " must have one bit"};
        return found.data;
    }
    std::uint8_t* flag(Design& design, const char* name) { return flag(design, stream, name); }

    bool pauses() { return stream.pause && random.next() < stream.pause; }

    // Noise while nothing is offered: the design must not look.
    void scramble() {
        for (std::size_t k = 0; k < bytes; ++k) {
            const std::uint64_t left = stream.bits - 8 * k;
            const std::uint32_t mask = 8 * k >= stream.bits ? 0 : left >= 8 ? 255 : (1u << left) - 1;
            payload[k] = static_cast<std::uint8_t>(random.next() & mask);
        }
    }

    void check(bool offered, std::uint64_t cycle) const {
        const char* what = nullptr;
        if (!offered) {
            what = "valid fell before ready";
        } else if (std::memcmp(held.data(), payload, bytes)) {
            what = "payload changed before ready";
        }
        if (what) {
            throw Fault{std::string{stream.valid} + ": " + what + " in cycle "
                        + std::to_string(cycle) + ", word " + std::to_string(stream.moved)};
        }
    }

    bool take(std::uint64_t cycle) {
        if (complete()) {
            ++stream.surplus;
            return false;
        }
        copy(stream.words + stream.moved * stream.stride, payload, bytes);
        ++stream.moved;
        if (stream.stamps && stream.moved % stream.per_sample == 0) {
            stream.stamps[stream.moved / stream.per_sample - 1] = cycle;
        }
        return true;
    }

    gm_stream& stream;
    Random random;
    std::uint8_t* payload;
    std::uint8_t* valid;
    std::uint8_t* ready;
    std::size_t bytes;
    bool offering = false;  // a source holds its word until it is taken
    bool waiting = false;   // a word was offered and not taken in the last cycle
    std::vector<std::uint8_t> held;
};

// A model and the run that it is in.
class Emulator {
public:
    explicit Emulator(Design* made) : design{made} {}

    void start(gm_job* given, gm_stream* streams, std::size_t count, const char* wave) {
        job = given;
        clock = design->find("TOP", job->clock).data;
        std::uint8_t* const reset = design->find("TOP", job->reset).data;
        ports.clear();
        taps.clear();
        for (std::size_t k = 0; k < count; ++k) {
            std::vector<Channel>& group = streams[k].role == GM_TAP ? taps : ports;
            group.emplace_back(*design, streams[k], job->seed, k);
        }
        if (wave) design->trace(wave);
        tracing = wave && job->trace_from == 0;
        *reset = 1;
        for (tick = 0; tick < 2; ++tick) {
            phase(0);
            phase(1);
        }
        *reset = 0;
        window = wave != nullptr;
        job->cycle = job->progress = 0;
    }

    std::int32_t advance(std::uint64_t cycles) {
        for (std::uint64_t k = 0; k < cycles; ++k) {
            tracing = window && job->cycle >= job->trace_from && job->cycle < job->trace_to;
            for (Channel& port : ports) port.drive();
            phase(0);
            bool moved = false;
            for (Channel& port : ports) moved |= port.observe(job->cycle);
            for (Channel& tap : taps) moved |= tap.observe(job->cycle);
            phase(1);
            if (moved) job->progress = job->cycle;
            ++job->cycle;
            ++tick;
            if (!moved && job->cycle - job->progress > limit()) {
                design->flush();
                return done() ? GM_DONE : GM_STUCK;
            }
        }
        return GM_MORE;
    }

private:
    // Once everything has moved, a shorter watch for words that should not come.
    std::uint64_t limit() const { return done() ? job->drain : job->deadline; }

    bool done() const {
        for (const Channel& port : ports) {
            if (!port.complete()) return false;
        }
        for (const Channel& tap : taps) {
            if (!tap.complete()) return false;
        }
        return true;
    }

    void phase(std::uint8_t level) {
        *clock = level;
        design->eval();
        if (tracing) design->dump(2 * tick + level);
    }

    std::unique_ptr<Design> design;
    gm_job* job = nullptr;
    std::uint8_t* clock = nullptr;
    std::vector<Channel> ports;
    std::vector<Channel> taps;
    std::uint64_t tick = 0;  // clock cycles, those of the reset included
    bool window = false;     // a waveform is wanted
    bool tracing = false;    // in this cycle
};

}  // namespace
}  // namespace gatemill

// Verilator's runtime calls these where it would end the process.
void vl_fatal(const char* file, int line, const char*, const char* text) {
    throw gatemill::Fault{std::string{file} + ":" + std::to_string(line) + ": " + text};
}
void vl_warn(const char* file, int line, const char* scope, const char* text) {
    vl_fatal(file, line, scope, text);
}
void vl_stop(const char* file, int line, const char* scope) {
    vl_fatal(file, line, scope, "$stop");
}
void vl_finish(const char* file, int line, const char* scope) {
    vl_fatal(file, line, scope, "$finish");
}

extern "C" {

std::int32_t gm_open(void** handle, char* message, std::size_t size) {
    return gatemill::guarded(message, size, [&] {
        *handle = new gatemill::Emulator{gatemill::make_design()};
        return GM_MORE;
    });
}

void gm_close(void* handle) { delete static_cast<gatemill::Emulator*>(handle); }

std::int32_t gm_start(void* handle, gm_job* job, gm_stream* streams, std::size_t count,
                      const char* wave, char* message, std::size_t size) {
    return gatemill::guarded(message, size, [&] {
        static_cast<gatemill::Emulator*>(handle)->start(job, streams, count, wave);
        return GM_MORE;
    });
}

std::int32_t gm_advance(void* handle, std::uint64_t cycles, char* message, std::size_t size) {
    return gatemill::guarded(message, size, [&] {
        return static_cast<gatemill::Emulator*>(handle)->advance(cycles);
    });
}

std::uint64_t gm_layout() { return sizeof(gm_stream) << 32 | sizeof(gm_job); }
}
