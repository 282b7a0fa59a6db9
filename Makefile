# Everything runs in a virtual environment of its own; nothing needs root.
PYTHON ?= python3
VENV   ?= .venv
BUILD  ?= build
BIN    := $(VENV)/bin

MODEL  ?= examples/digits/digits.onnx
SOURCE := $(or $(SPEC),$(MODEL))
NAME   := $(basename $(notdir $(SOURCE)))
FOLDER := $(BUILD)/$(NAME)
DEVICE ?= ecp5-85k

.PHONY: demo test test-full verilog sim synth report bench install clean
.DELETE_ON_ERROR:

# Installing again is due when the dependencies change.
$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/tested: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $@

install: $(VENV)/installed

demo: $(VENV)/installed
	$(BIN)/gatemill build examples/digits/digits.onnx --out $(BUILD)/digits --device ecp5-25k
	$(BIN)/gatemill verify $(BUILD)/digits
	$(BIN)/gatemill synth $(BUILD)/digits
	$(BIN)/gatemill report $(BUILD)/digits --brief

test: $(VENV)/tested
	$(BIN)/python -m pytest -n 2

test-full: $(VENV)/tested
	$(BIN)/python -m pytest -n 2 -m 'full or not full'

verilog: $(VENV)/installed
	$(BIN)/gatemill build $(SOURCE) --out $(FOLDER) --device $(DEVICE)

sim: verilog
	$(BIN)/gatemill verify $(FOLDER)

synth: verilog
	$(BIN)/gatemill synth $(FOLDER)

report:
	$(BIN)/gatemill report $(FOLDER)

bench: $(VENV)/tested
	$(BIN)/python -m bench

clean:
	rm -rf $(BUILD)
