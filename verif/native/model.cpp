// Binds one Verilated design (always called Vdut) to the emulator's loop.

#include <memory>

#include "Vdut.h"
#include "harness.h"
#include "verilated.h"
#include "verilated_sym_props.h"
#if VM_TRACE
#include "verilated_vcd_c.h"
#endif

namespace {

class Model final : public gatemill::Design {
public:
    Model() {
        Verilated::threadContextp(&context);
        context.randReset(0);
#if VM_TRACE
        context.traceEverOn(true);
#endif
        // Without a name of its own, scopes are called "TOP" and like the top module.
        top = std::make_unique<Vdut>(&context, "");
        top->eval();
    }

    ~Model() override {
        flush();
        Verilated::threadContextp(&context);  // which forgets the model's scopes
        top->final();
        top.reset();
    }

    void eval() override { top->eval(); }

    gatemill::Variable find(const char* scope, const char* name) override {
        const VerilatedScope* const place = context.scopeFind(scope);
        const VerilatedVar* const found = place ? place->varFind(name) : nullptr;
        if (!found) {
            throw gatemill::Fault{std::string{"the top module has no "} + name};
        }
        const std::uint64_t bits = static_cast<std::uint64_t>(found->entBits());
        return {static_cast<std::uint8_t*>(found->datap()), bits ? bits : 1};
    }

#if VM_TRACE
    void trace(const char* path) override {
        top->trace(&wave, 99);
        wave.open(path);
        if (!wave.isOpen()) throw gatemill::Fault{std::string{"cannot write "} + path};
    }
    void dump(std::uint64_t time) override { wave.dump(time); }
    void flush() override {
        if (wave.isOpen()) wave.flush();
    }
#else
    void trace(const char*) override {
        throw gatemill::Fault{"this model was built without waveforms"};
    }
    void dump(std::uint64_t) override {}
    void flush() override {}
#endif

private:
    VerilatedContext context;
#if VM_TRACE
    VerilatedVcdC wave;
#endif
    std::unique_ptr<Vdut> top;
};

}  // namespace

gatemill::Design* gatemill::make_design() { return new Model; }
