# amaranth: UnusedElaboratable=no
"""One small instance or more of every component, for tests that hold for all of them."""

from __future__ import annotations

from amaranth import signed, unsigned
from amaranth.lib import wiring

from hw.arith.ternary_add import PRIMITIVES, TernaryAdd
from hw.array.block_dot import BlockDot
from hw.array.chain import ChainSpec, DspChain
from hw.array.chain_layer import ChainJob, ChainLayer, ChainLayerSpec, ChainRows
from hw.array.constant import ConstantLayer, ConstantLayerSpec
from hw.array.dense import DenseJob, DenseLayer, DenseSpec
from hw.array.gemm import GemmJob, GemmSpec
from hw.array.gemv import GemvBanks, GemvSpec
from hw.array.group_dot import GroupDot, GroupDotSpec
from hw.array.output_cell import OutputCell, OutputRow
from hw.array.output_stationary import OutputStationary
from hw.array.pass_sums import PassSums
from hw.array.run_sums import RunSums
from hw.array.run_terms import RunTerms
from hw.array.sparse import SparseJob, SparseLayer, SparseLayerSpec, SparseRows
from hw.array.weight_cell import WeightCell, WeightRow
from hw.array.weight_stationary import WeightStationary
from hw.codec.chunks import ChunkMerge, ChunkSplit, Gather
from hw.codec.entropy_coded import EntropyDecoder
from hw.codec.huffman import HuffmanDecoder
from hw.memory.lookup import LookupRom
from hw.memory.rom import RomJob, RomProvider
from hw.memory.rows import RowCounter
from hw.network.loops import Loops
from hw.network.netlist import Netlist, Part, Pin, Port, Wire
from hw.nonlinear.argmax import ArgMax
from hw.nonlinear.table import TableLookup
from hw.pe import CONSTANT_KINDS
from hw.pe.accumulate import MultiplyAccumulate
from hw.pe.activation_serial import ActivationSerialDotProduct
from hw.pe.base import DotSpec
from hw.pe.binary import BinaryDotProduct
from hw.pe.bit_weight import BitWeightDotProduct
from hw.pe.block_sum import BlockSum
from hw.pe.booth import BoothDotProduct
from hw.pe.carry_save import CarrySaveAccumulate
from hw.pe.carry_save_tree import CarrySaveTree, CarrySaveTreeDotProduct
from hw.pe.constant import ConstantSpec
from hw.pe.constant_adders import AdderMatrix
from hw.pe.constant_distributed import DistributedMatrix
from hw.pe.constant_grouped import GroupedMatrix
from hw.pe.csd import CsdDotProduct
from hw.pe.en_t import EnTDotProduct
from hw.pe.exact import ExactDotProduct
from hw.pe.group_scale import GroupScale
from hw.pe.lut import LutDotProduct, SerialLutDotProduct
from hw.pe.lut_row import LutRow
from hw.pe.lut_rows import LutRows, SerialLutRows
from hw.pe.lut_table import LutTable
from hw.pe.lut_tile import LutTile
from hw.pe.mixed import MixedDotProduct
from hw.pe.multi_precision import MultiPrecision, MultiPrecisionSum
from hw.pe.packed import PackedDotProduct
from hw.pe.packed_ice40 import Ice40PackedDotProduct
from hw.pe.packed_products import PackedProducts
from hw.pe.packed_rows import PackedRows, PackedSet
from hw.pe.parallel import ParallelDotProduct
from hw.pe.precision_dot import PrecisionDot
from hw.pe.precision_unpack import PrecisionUnpack
from hw.pe.rows import SeparateRows, rows_of
from hw.pe.serial_rows import SerialRow, SerialRows
from hw.pe.sherry import SherryDotProduct
from hw.pe.sparse import SparseDotProduct, SparseDotSpec
from hw.pe.sparse_encoded import SparseEncodedDotProduct
from hw.pe.sparse_encoded_rows import SparseEncodedRow, SparseEncodedRows
from hw.pe.sparse_encoder import SparseEncoder
from hw.pe.split_multiplier import SplitMultiplier
from hw.pe.table import RegisteredTableProduct, TableDotProduct, TableProduct
from hw.pe.term import TermDotProduct
from hw.pe.ternary import TernaryDotProduct
from hw.pe.ternary_accumulate import TernaryAccumulate
from hw.pe.ternary_ecp5 import Ecp5TernaryDotProduct
from hw.pe.two_products import TwoProducts
from hw.pe.weight_serial import WeightSerialDotProduct
from hw.pe.weight_table import WeightTable
from hw.rescale.binary_search import BinarySearchLane, BinarySearchThreshold
from hw.rescale.framework import FrameworkRescale, FrameworkRescaleLane
from hw.rescale.multiply_add_shift import MultiplyAddShift, MultiplyAddShiftLane
from hw.rescale.threshold import ParallelThreshold, ParallelThresholdLane
from hw.rows.annotate import Annotate
from hw.rows.frame import FramedRows, Framer
from hw.rows.reduce import RowMaximum, RowSum
from hw.sampling.framed import FramedSampler, FramedTopK
from hw.streams import (
    Drain,
    Fork,
    Join,
    Queue,
    Register,
    Route,
    Select,
    Skid,
    WidthDown,
    WidthUp,
)
from hw.unique import Unique
from hw.window.framed import FramedMean
from sw_model.formats import Float32Format, IntFormat, TernaryFormat, parse_format
from sw_model.formats.blocks import parse_block_format, run_format
from sw_model.formats.blocks.bitmod import selected_codes
from sw_model.formats.huffman import HuffmanCode
from sw_model.formats.sparse import SparseFormat
from sw_model.specs import (
    ArgMaxSpec,
    BlockDotSpec,
    BlockSumSpec,
    FrameworkRescaleSpec,
    MeanSpec,
    MultiplyAddShiftSpec,
    RowJob,
    SamplerSpec,
    TableSpec,
    ThresholdSpec,
    TopKSpec,
    VectorJob,
)
from sw_model.specs.huffman import HuffmanSpec

from .bus_components import bus_components
from .codecs import codecs
from .elementwise_units import elementwise_units
from .function_units import function_units
from .gelu_units import gelu_units
from .norm_units import norm_units
from .rows import Below
from .scalings import scalings
from .softmax_components import softmax_components

__all__ = ["components"]

INT1, INT2, INT4, INT8, INT20 = (IntFormat(width) for width in (1, 2, 4, 8, 20))
SEQUENCE = ((0, 1), (1, 2))


def components() -> tuple[wiring.Component, ...]:
    """New instances; kinds whose members depend on parameters are there more than once."""
    return (*_streams(), *_products(), *_arrays(), *_rescales(), *_memories(), *_networks(),
            *_entropy(), *_rows(), *codecs(), *elementwise_units(),
            *function_units(), *scalings(), *norm_units(),
            *gelu_units(), *softmax_components(), *bus_components())


def _streams() -> tuple[wiring.Component, ...]:
    return (Drain(8), Register(8), Skid(8), Queue(8, 4), Fork(8, 2), Join(8, 4), Route(8, SEQUENCE),
            Select(8, SEQUENCE), WidthUp(INT8, wide=4, narrow=2, jobs=((10, 1),)),
            WidthDown(INT8, wide=4, narrow=2, jobs=((10, 1),)))


def _rows() -> tuple[wiring.Component, ...]:
    return (RowMaximum(signed(8), 2), RowSum(unsigned(8), 2, 9),
            Annotate(RowMaximum(signed(8), 2), 5), Framer(signed(8), 2, (VectorJob(5, 2),)),
            FramedTopK(TopKSpec(source=INT8, k=2, longest=5), 2, (VectorJob(5, 2),)),
            FramedSampler(SamplerSpec(top=TopKSpec(source=INT8, k=2, longest=5)), 2,
                          (VectorJob(5, 2),), scale=6000, part=1 << 16, seed=1),
            FramedMean(MeanSpec.of(INT8, INT8, 5, scale_in=1.0, scale_out=1.0), 2,
                       (VectorJob(5, 2),)),
            FramedRows(Below, (8,), 2, (VectorJob(5, 2),)))


def _products() -> tuple[wiring.Component, ...]:
    return (ParallelDotProduct(DotSpec(INT8, INT8, 4)), ExactDotProduct(DotSpec(INT8, INT8, 4)),
            *_ternary(), *_tables(), BinaryDotProduct(DotSpec(INT1, INT1, 9)),
            BitWeightDotProduct(DotSpec(INT8, INT4, 5)),
            CarrySaveTreeDotProduct(DotSpec(INT8, INT4, 5)),
            *(make(DotSpec(INT8, INT4, 2), INT20) for make in (
                MultiplyAccumulate, CarrySaveAccumulate)),
            SherryDotProduct(INT8, 2), WeightTable(DotSpec(INT8, INT4, 5)),
            SparseDotProduct(TernaryDotProduct, SparseDotSpec(
                INT8, SparseFormat(2, 4, TernaryFormat()), 2)),
            *_packed(), SeparateRows(ParallelDotProduct, DotSpec(INT8, INT8, 4), 2),
            *(make(DotSpec(INT8, INT4, 5), 2) for make in (LutRows, SerialLutRows)),
            SerialLutDotProduct(DotSpec(INT8, INT4, 5)),
            LutDotProduct(DotSpec(INT8, INT4, 5)), LutTable(INT8, 5),
            LutRow(DotSpec(INT8, INT4, 5)), LutTile(DotSpec(INT8, INT4, 5), 2, 3, group=3),
            *_block_sums(),
            *_serial_products(), *_constants(), *_precisions(), *_block_dots(),
            *(DenseLayer(DenseSpec(INT8, INT8, INT20, bias, 2, 4, (DenseJob(3, 5),)))
              for bias in (None, INT8)))


def _arrays() -> tuple[wiring.Component, ...]:
    spec = GemmSpec(INT8, INT8, INT20, 3, 2, 2, (GemmJob(4, 5, 3),))
    cell = ("parallel", spec.dot, INT20)
    kept = ("carry_save_tree", spec.dot, INT20, None, True)
    banks = GemvSpec(INT8, INT8, INT20, "dot", 2, 3, (DenseJob(3, 5),))
    sparse = [SparseLayerSpec(INT8, SparseFormat(2, 4, INT8), INT20, bias, 3, 2, (SparseJob(3, 5),))
              for bias in (None, INT8)]
    return (OutputStationary(spec), OutputCell(*cell), OutputRow(*cell, 2),
            OutputStationary(spec, carry_save=True), OutputCell(*kept),
            CarrySaveTree(spec.dot, 20),
            WeightStationary(spec), WeightCell(*cell, True), WeightRow(*cell, True, 2),
            PassSums(INT20, 2, ((3, 2, 1),)), GemvBanks(banks), *map(SparseLayer, sparse),
            SparseRows(ParallelDotProduct, sparse[0].dot, 3), *_chains(),
            *(GroupDot(GroupDotSpec(INT8, weights, INT8, 4, 16, 2, selector=selector))
              for weights, selector in ((selected_codes(3), 2), (INT4, 0))))


def _chains() -> tuple[wiring.Component, ...]:
    chain = ChainSpec(INT8, INT8, 4, 6)
    return (DspChain(chain), ChainRows(chain, (1, 3)),
            ChainLayer(ChainLayerSpec(chain, INT20, (ChainJob(3, 5, keep=2),))))


def _tables() -> tuple[wiring.Component, ...]:
    e2m1 = parse_format("e2m1")
    return (TableDotProduct(DotSpec(e2m1, e2m1, 3)), TableDotProduct(DotSpec(e2m1, INT4, 3)),
            *(TableProduct(e2m1, e2m1, form) for form in ("signed", "magnitude")),
            RegisteredTableProduct(e2m1, e2m1),
            # Behind decoders.
            *(make(DotSpec(e2m1, INT4, 3)) for make in (BitWeightDotProduct, CsdDotProduct)),
            rows_of(BitWeightDotProduct, DotSpec(e2m1, INT4, 3), 2))


def _constants() -> tuple[wiring.Component, ...]:
    spec = ConstantSpec(INT8, [[3, 0, -5], [1, 2, 4]])
    return (AdderMatrix(spec), DistributedMatrix(spec), DistributedMatrix(spec, serial=True),
            GroupedMatrix(spec), *(ConstantLayer(ConstantLayerSpec(spec, INT20, (7, -9), pe))
                                   for pe in CONSTANT_KINDS))


def _block_dots() -> tuple[wiring.Component, ...]:
    forms = [run_format(parse_block_format(text)) for text in ("mx<e2m1>", "q4_1")]
    mixed, plain = (BlockDotSpec.fitting(32, activations=forms[0], weights=weights, size=32, runs=2)
                    for weights in forms)
    sums = RunSums(mixed, rows_of(ExactDotProduct, DotSpec(
        forms[0].element, forms[1].element, 4), 2))
    return BlockDot(plain, 4), BlockDot(mixed, 4, 2), sums, RunTerms(mixed, 2, "inferred")


def _ternary() -> tuple[wiring.Component, ...]:
    spec = DotSpec(INT8, TernaryFormat(), 5)
    return (TernaryDotProduct(spec), Ecp5TernaryDotProduct(spec),
            *(TernaryAdd(8, primitive) for primitive in PRIMITIVES),
            *(TernaryAccumulate(INT8, INT20, primitive) for primitive in PRIMITIVES))


def _packed() -> tuple[wiring.Component, ...]:
    spec = DotSpec(INT8, INT4, 5)
    return (PackedDotProduct(DotSpec(INT4, INT4, 5)), PackedProducts(INT8, INT4, 2),
            PackedRows(spec, 3), PackedSet(spec, 2), MixedDotProduct(DotSpec(INT8, INT8, 5)),
            Ice40PackedDotProduct(DotSpec(INT8, INT8, 3)),
            TwoProducts(signed(8), unsigned(8)))


def _block_sums() -> tuple[wiring.Component, ...]:
    scales = {"blocks": 3, "largest": 100, "exponent_low": -2, "exponent_high": 1}
    return (BlockSum(BlockSumSpec.fitting(32, **scales)),
            BlockSum(BlockSumSpec(target=Float32Format(), significand=225, **scales), sums=2))


def _serial_products() -> tuple[wiring.Component, ...]:
    spec = DotSpec(INT8, INT4, 4)
    return (WeightSerialDotProduct(spec), ActivationSerialDotProduct(spec), BoothDotProduct(spec),
            CsdDotProduct(spec), EnTDotProduct(spec), TermDotProduct(spec),
            SerialRow(BoothDotProduct, spec), SerialRows(BoothDotProduct, spec, 2),
            SparseEncodedDotProduct(spec), SparseEncodedRow(spec, 4), SparseEncodedRows(spec, 2),
            SparseEncoder(INT8, 6),
            GroupScale(-1000, 1000, INT8, 4))


def _precisions() -> tuple[wiring.Component, ...]:
    return (MultiPrecision(), MultiPrecisionSum(3), PrecisionDot(), PrecisionUnpack(),
            SplitMultiplier())


def _rescales() -> tuple[wiring.Component, ...]:
    shift = MultiplyAddShiftSpec(source=INT20, target=INT8, shift=8, low=-128, high=127,
                                 multiplier=INT8, offset=INT8)
    framework = FrameworkRescaleSpec(
        source=INT20, target=INT8, mode="tflite_double", zero_point=0, low=-128, high=127,
        multiplier=IntFormat(31, signed=False), exponent_low=-40, exponent_high=-35)
    steps = ThresholdSpec(source=INT20, target=INT2, count=3, threshold=INT20)
    row = (-10, 0, 10)
    return (
        MultiplyAddShift(shift, 2), MultiplyAddShift(shift, 2, (3, (1,))),
        MultiplyAddShiftLane(shift, None, "inferred"),
        MultiplyAddShiftLane(shift, (3, (1,)), "inferred"),
        FrameworkRescale(framework, 2), FrameworkRescale(framework, 2, (2**30, -37)),
        FrameworkRescaleLane(framework, None, "inferred"),
        FrameworkRescaleLane(framework, (2**30, -37), "inferred"),
        ParallelThreshold(steps, 2), ParallelThreshold(steps, 2, (row, (1, 1, 1), -2)),
        ParallelThresholdLane(steps, None), ParallelThresholdLane(steps, (row, (1, 1, 1), -2)),
        BinarySearchThreshold(steps, 2, (row,), (-2,)),
        BinarySearchLane(steps, ((row, -2, False),)))


def _memories() -> tuple[wiring.Component, ...]:
    return (RomProvider(8, "image.mem", (RomJob(4),)), LookupRom(8, (1, 2, 3), ports=2),
            RowCounter((RowJob(4),), 2),
            TableLookup(TableSpec(source=INT4, target=INT4), 2, (tuple(range(-8, 8)),)),
            ArgMax(ArgMaxSpec(source=INT8, jobs=(VectorJob(10),)), 4))


def _networks() -> tuple[wiring.Component, ...]:
    wires = (Wire("into", Pin("", "i"), Pin("one", "i")),
             Wire("out", Pin("one", "o"), Pin("", "o")))
    return (Loops(((2, 3), (4, 1))), Unique(Register, 8),
            Netlist({"i": Port(True, 8), "o": Port(False, 8)},
                    (Part("one", Register, {"payload": 8}),), wires))


def _entropy() -> tuple[wiring.Component, ...]:
    spec = HuffmanSpec(code=HuffmanCode((1, 1, 2), (7, 3, 0, 9)), chunk=8, chunk_words=1)
    return (HuffmanDecoder(spec), EntropyDecoder(spec, 2), ChunkSplit(spec, 2), Gather(2),
            ChunkMerge(2, 2))
