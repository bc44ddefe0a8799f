/**
 * The ONNX project's own operator tests as Core ML packages: each model is exported, read back, proven on seeded inputs and
 * run on the test's inputs against the test's outputs. Needs the folder of the tests (Debian's package libonnx-testdata, or
 * ONNX_TESTDATA); says so where it is absent.
 *
 *   npm run bench -- coreml-operators [--only test_conv] [--half] [--write folder] [--verbose]
 *
 * Sizes are those of the test's inputs. Inputs that say where or how large (shapes, axes, pads) become constants, as they
 * are in models of vision, where the operator needs them so.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import {
  exportCoreMl,
  loadModel,
  readTensor,
  serializeModel,
  tensorNumbers,
  withSession,
  writePackage,
} from '../packages/onnx-lens/dist/index.js';
import { LOWERINGS } from '../packages/onnx-lens/dist/export/coreml/lower/all.js';
import { functionsOf, restoreAs, restoreRounding } from '../packages/onnx-lens/dist/export/coreml/prove.js';
import { valueInfo } from '../packages/onnx-lens/dist/model/builder.js';
import { TensorProtoSchema } from '../packages/onnx-lens/dist/model/generated/onnx_pb.js';
import { option } from './options.js';

const folder = process.env.ONNX_TESTDATA ?? '/usr/share/libonnx-testdata/data';
const [only, out] = [option('--only', ''), option('--write', '')];
const [isHalf, isVerbose] = [process.argv.includes('--half'), process.argv.includes('--verbose')];

/** Operators that Core ML has a form for, but that are not written here; their tests count as not exported. */
const HAVE_A_FORM = new Set([
  'LSTM',
  'GRU',
  'RNN',
  'NonMaxSuppression',
  'NonZero',
  'RoiAlign',
  'RandomNormal',
  'RandomUniform',
  'RandomNormalLike',
  'RandomUniformLike',
  'Bernoulli',
  'If',
  'Loop',
]);
/** Element types that Core ML computes with, or whose numbers it holds in int32. */
const TYPES = new Set([1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13]);

if (!existsSync(folder)) {
  console.log(`Skipped: there is no folder ${folder}. Install libonnx-testdata, or name the folder in ONNX_TESTDATA.`);
  process.exit(0);
}

function tensorsIn(path, kind) {
  const names = readdirSync(path).filter((name) => name.startsWith(`${kind}_`));
  return names.map((_, place) => fromBinary(TensorProtoSchema, readFileSync(join(path, `${kind}_${place}.pb`))));
}

/** The model with the test's sizes; the inputs that `isConstant` names become initializers. */
function prepared(model, inputs, isConstant) {
  const graph = { ...model.graph };
  const given = new Set(graph.initializer.map(({ name }) => name));
  // Before IR version 4, weights were listed among the inputs.
  graph.input = graph.input.filter(({ name }) => !given.has(name));
  const kept = graph.input.filter((_, place) => !isConstant(place));
  graph.initializer = [
    ...graph.initializer,
    ...inputs.flatMap((tensor, place) => (isConstant(place) ? [{ ...tensor, name: graph.input[place].name }] : [])),
  ];
  graph.input = kept.map((input) => {
    const tensor = inputs[graph.input.indexOf(input)];
    return valueInfo(input.name, tensor.dataType, tensor.dims.map(Number));
  });
  return { ...model, graph };
}

/** @returns {Promise<{ outcome: string, reason?: string, encoded?: object }>} */
async function runTest(path) {
  const model = loadModel(join(path, 'model.onnx'), 'read');
  const data = join(path, 'test_data_set_0');
  const [inputs, expected] = [tensorsIn(data, 'input'), tensorsIn(data, 'output')];
  const weights = new Set(model.graph.initializer.map(({ name }) => name));
  const free = model.graph.input.filter(({ name }) => !weights.has(name));
  const ways = [() => false, (place) => place > 0 && inputs[place].dataType !== 1, (place) => place > 0, () => true];
  const runs = await withSession(serializeModel(prepared(model, inputs, () => false)), {}, () => true).catch(
    () => false,
  );
  if (!runs) return { outcome: 'unrunnable' };
  let last;
  for (const isConstant of ways) {
    const given = prepared(model, inputs, isConstant);
    try {
      const result = await exportCoreMl(given, {
        asIs: !process.argv.includes('--optimize'),
        samples: 2,
        ios: 17,
        half: isHalf,
      });
      const [read] = functionsOf(result.encoded);
      const feeds = new Map(
        given.graph.input.map(({ name }) => [name, readTensor(inputs[free.findIndex((each) => each.name === name)])]),
      );
      const got = await withSession(
        serializeModel((isHalf ? restoreRounding : restoreAs)(given, result.encoded, read)),
        { optimization: 'disabled' },
        (session) => session.run(feeds),
      );
      const wrong = model.graph.output.find(
        ({ name }, place) => expected[place] !== undefined && !isClose(got.get(name), readTensor(expected[place])),
      );
      if (wrong !== undefined && (await agreesWithTest(given, feeds, model.graph.output, expected)))
        return { outcome: 'wrong', reason: `output ${wrong.name} is not the test's` };
      return { outcome: 'proven', encoded: result.encoded };
    } catch (error) {
      last = error;
      if (
        !/computed while the model runs|must be a value|is no constant|is empty/.test(error.message) &&
        error.code !== 'RUNTIME_REFUSED' &&
        error.code !== 'PROOF_FAILED'
      )
        break;
    }
  }
  if (last.code === undefined) return { outcome: 'crashed', reason: last.stack };
  return { outcome: last.code === 'PROOF_FAILED' ? 'unproven' : 'refused', reason: `${last.code}: ${last.message}` };
}

/** ONNX Runtime itself fails some of the tests; there its own values are the truth, and the proof has been held to them. */
async function agreesWithTest(model, feeds, outputs, expected) {
  const own = await withSession(serializeModel(model), {}, (session) => session.run(feeds));
  return outputs.every(
    ({ name }, place) => expected[place] === undefined || isClose(own.get(name), readTensor(expected[place])),
  );
}

function isClose(got, wanted) {
  const [a, b] = [tensorNumbers(got), tensorNumbers(wanted)];
  const tolerance = isHalf || wanted.dataType === 10 ? 0.02 : 1e-3;
  return (
    a.length === b.length &&
    a.every(
      (x, at) => Object.is(x, b[at]) || x === b[at] || Math.abs(x - b[at]) <= tolerance * Math.max(1, Math.abs(b[at])),
    )
  );
}

/** Why a test is not one of tensors that Core ML could compute; null where it is. */
function outside(path) {
  let model;
  try {
    model = loadModel(join(path, 'model.onnx'), 'read');
  } catch (error) {
    return error.message;
  }
  const foreign = model.graph.node.find(({ domain }) => domain !== '' && domain !== 'ai.onnx');
  if (foreign !== undefined) return `${foreign.domain}.${foreign.opType}`;
  for (const { type } of [...model.graph.input, ...model.graph.output]) {
    if (type?.value.case !== 'tensorType') return 'no tensor';
    if (!TYPES.has(type.value.value.elemType)) return `element type ${type.value.value.elemType}`;
  }
  const unknown = model.graph.node.find(({ opType }) => !LOWERINGS.has(opType) && !HAVE_A_FORM.has(opType));
  return unknown === undefined ? null : unknown.opType;
}

const counts = { unrunnable: 0, proven: 0, refused: 0, unproven: 0, wrong: 0, crashed: 0 };
const left = new Map();
const failures = [];
for (const part of ['node', 'simple', 'pytorch-operator', 'pytorch-converted']) {
  if (!existsSync(join(folder, part))) continue;
  for (const name of readdirSync(join(folder, part)).sort()) {
    const path = join(folder, part, name);
    if (!name.includes(only) || !existsSync(join(path, 'test_data_set_0'))) continue;
    const why = outside(path);
    if (why !== null) {
      left.set(why, (left.get(why) ?? 0) + 1);
      continue;
    }
    const { outcome, reason, encoded } = await runTest(path).catch((error) => ({
      outcome: 'crashed',
      encoded: undefined,
      reason: error.stack,
    }));
    counts[outcome] += 1;
    if (outcome !== 'proven' && outcome !== 'unrunnable') failures.push(`${outcome.padEnd(9)} ${name}: ${reason}`);
    if (out !== '' && encoded !== undefined) writePackage(join(out, `${part}_${name}.mlpackage`), encoded, true);
    if (isVerbose) console.log(outcome.padEnd(9), name);
  }
}
for (const failure of failures) console.log(failure);
const { unrunnable, ...judged } = counts;
const total = Object.values(judged).reduce((sum, count) => sum + count, 0);
console.log(`\nNot judged, because ONNX Runtime itself cannot open them: ${unrunnable}`);
console.log(
  `\nLeft out, because an operator or type has no form: ${[...left]
    .sort((a, b) => b[1] - a[1])
    .map(([why, count]) => `${why} ${count}`)
    .join(', ')}`,
);
console.log(
  `\n${total} tests whose operators have a form: ${Object.entries(judged)
    .map(([outcome, count]) => `${count} ${outcome}`)
    .join(', ')}: ${((100 * counts.proven) / total).toFixed(1)} % exported and proven`,
);
