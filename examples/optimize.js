/** Rewrites a model for Core ML, proves it and writes it: node examples/optimize.js MODEL OUTPUT */
import process from 'node:process';
import { loadModel, optimizeProven, saveModel } from 'onnx-lens';

const [path = 'model.onnx', output = 'better.onnx'] = process.argv.slice(2);
const original = loadModel(path, 'read');
const { result, proof, leftOut } = await optimizeProven(original, path, {}, { samples: 4 });
if (!result.isChanged) {
  console.log('Nothing to change.');
} else if (proof?.holds) {
  saveModel(result.model, output);
  console.log(`${output}: computes the same.`, leftOut.length > 0 ? `Left out: ${leftOut.join(', ')}` : '');
} else {
  console.error('The rewritten model does not compute the same: nothing was written.');
  process.exitCode = 1;
}
