// A design whose only way to the world is a pair of serial lines (8 bits, no parity, 1 stop).

#include <memory>

#include "guard.h"
#include "harness.h"

namespace gatemill {
namespace {

// Sends bytes to the design: a start bit, eight bits, the lowest first, a stop bit.
class Sender {
public:
    Sender(std::uint8_t* line, std::uint64_t divisor) : line{line}, divisor{divisor} { *line = 1; }

    bool idle() const { return left == 0; }

    void begin(std::uint8_t byte) {
        bits = (std::uint32_t{byte} | 0x100u) << 1;
        left = 10 * divisor;
    }

    void step() {
        if (left == 0) return;
        *line = bits >> (10 - (left + divisor - 1) / divisor) & 1;
        --left;
    }

private:
    std::uint8_t* line;
    std::uint64_t divisor;
    std::uint32_t bits = 0;
    std::uint64_t left = 0;  // cycles
};

// Takes bytes from the design, each bit in its middle.
class Receiver {
public:
    Receiver(const std::uint8_t* line, std::uint64_t divisor) : line{line}, divisor{divisor} {}

    // True if a byte is complete; a wrong stop bit drops it.
    bool step(std::uint8_t& byte) {
        const bool level = *line & 1;
        if (bit < 0) {
            if (!level) {
                bit = 0;
                wait = divisor / 2;
            }
            return false;
        }
        if (wait-- > 0) return false;
        wait = divisor - 1;
        if (bit == 0 && level) {
            bit = -1;  // no start after all
            return false;
        }
        if (bit == 9) {
            bit = -1;
            byte = static_cast<std::uint8_t>(shifted);
            return level;
        }
        if (bit > 0) shifted = shifted >> 1 | std::uint32_t{level} << 7;
        ++bit;
        return false;
    }

private:
    const std::uint8_t* line;
    std::uint64_t divisor;
    std::int64_t wait = 0;
    int bit = -1;
    std::uint32_t shifted = 0;
};

class Serial {
public:
    Serial(const char* clock, const char* receive, const char* transmit, std::uint64_t divisor)
        : design{make_design()},
          clock{design->find("TOP", clock).data},
          sender{*receive ? design->find("TOP", receive).data : &nowhere, divisor},
          receiver{design->find("TOP", transmit).data, divisor} {}

    void advance(std::uint64_t cycles, const std::uint8_t* in, std::size_t count,
                 std::size_t* taken, std::uint8_t* out, std::size_t capacity,
                 std::size_t* given) {
        *taken = *given = 0;
        for (; cycles > 0 && *given < capacity; --cycles) {
            if (sender.idle() && *taken < count) sender.begin(in[(*taken)++]);
            sender.step();
            *clock = 0;
            design->eval();
            std::uint8_t byte;
            if (receiver.step(byte)) out[(*given)++] = byte;
            *clock = 1;
            design->eval();
        }
    }

    std::uint64_t read(const char* name) {
        const Variable found = design->find("TOP", name);
        if (found.bits > 8) throw Fault{std::string{name} + " has more than 8 bits"};
        return *found.data;
    }

private:
    std::unique_ptr<Design> design;
    std::uint8_t* clock;
    std::uint8_t nowhere = 1;  // the line of a design that receives nothing
    Sender sender;
    Receiver receiver;
};

}  // namespace
}  // namespace gatemill

extern "C" {

std::int32_t gm_serial_open(void** handle, const char* clock, const char* receive,
                            const char* transmit, std::uint64_t divisor, char* message,
                            std::size_t size) {
    return gatemill::guarded(message, size, [&] {
        *handle = new gatemill::Serial{clock, receive, transmit, divisor};
        return GM_MORE;
    });
}

void gm_serial_close(void* handle) { delete static_cast<gatemill::Serial*>(handle); }

std::int32_t gm_serial_advance(void* handle, std::uint64_t cycles, const std::uint8_t* in,
                               std::size_t count, std::size_t* taken, std::uint8_t* out,
                               std::size_t capacity, std::size_t* given, char* message,
                               std::size_t size) {
    return gatemill::guarded(message, size, [&] {
        static_cast<gatemill::Serial*>(handle)->advance(cycles, in, count, taken, out, capacity,
                                                        given);
        return GM_MORE;
    });
}

std::int32_t gm_serial_read(void* handle, const char* name, std::uint64_t* value, char* message,
                            std::size_t size) {
    return gatemill::guarded(message, size, [&] {
        *value = static_cast<gatemill::Serial*>(handle)->read(name);
        return GM_MORE;
    });
}
}
