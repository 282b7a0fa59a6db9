# Everything runs in a virtual environment of its own; nothing needs root.
#
#   make demo                            the bundled network, from file to proven Verilog
#   make test, make test-full            all tests; with the long ones
#   make verilog, sim, synth, report     one step, of MODEL=file or SPEC=file.yaml [DEVICE=name]
#   make bitstream                       of MODEL on BOARD, build/BOARD/MODEL.bin
#   make bench                           measure, and keep the results
PYTHON ?= python3
VENV   ?= .venv
BUILD  ?= build
BIN    := $(VENV)/bin

MODEL  ?= examples/digits/digits.onnx
SOURCE := $(or $(SPEC),$(MODEL))
NAME   := $(basename $(notdir $(SOURCE)))
FOLDER := $(BUILD)/$(NAME)
DEVICE ?=
BOARD  ?= icebreaker

.PHONY: demo test test-full verilog sim synth report bitstream bench install clean
.DELETE_ON_ERROR:

# Installing again is due when the dependencies change.
$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	@echo 'Installing into $(VENV): about 800 MB, one to three minutes.'
	$(BIN)/python -m pip install --disable-pip-version-check --editable .
	touch $@

$(VENV)/tested: $(VENV)/installed
	@echo 'Installing what the tests need: about 500 MB more, one to three minutes.'
	$(BIN)/python -m pip install --disable-pip-version-check --editable '.[test]'
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
	$(BIN)/gatemill build $(SOURCE) --out $(FOLDER) $(if $(DEVICE),--device $(DEVICE))

# A spec may ask for several designs: each has a folder of its own then.
each = set -e; files=`find $(FOLDER) -name manifest.json 2>/dev/null | sort`; \
	[ "$$files" ] || { echo "$(FOLDER): no build; make one with" \
		"'make verilog $(if $(SPEC),SPEC,MODEL)=$(SOURCE)'" >&2; exit 2; }; \
	for file in $$files; do $(BIN)/gatemill $(1) `dirname $$file`; done

sim: verilog
	@$(call each,verify)

synth: verilog
	@$(call each,synth)

report:
	@$(call each,report)

# A board's folder is its name in small letters; of a file, BOARD=my_board.toml, the file's.
PLACE = $(BUILD)/$(shell echo '$(basename $(notdir $(BOARD)))' | tr A-Z a-z)

bitstream: $(VENV)/installed
	rm -f $(addprefix $(PLACE)/$(NAME).,bin bit fs)
	$(BIN)/gatemill build $(SOURCE) --out $(PLACE)/$(NAME) --board $(BOARD)
	$(BIN)/gatemill bitstream $(PLACE)/$(NAME) --board $(BOARD) --out $(PLACE)

$(VENV)/benched: $(VENV)/tested
	$(BIN)/python -m pip install --disable-pip-version-check --editable '.[test,bench]'
	touch $@

bench: $(VENV)/benched
	$(BIN)/python -m bench

clean:
	rm -rf $(BUILD)
