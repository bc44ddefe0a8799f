/** Says how a model lands on Core ML, and why: node examples/coverage.js MODEL */
import process from 'node:process';
import { analyseCoverage, freeDimensions, loadModel } from 'onnx-lens';

const [path = 'model.onnx'] = process.argv.slice(2);
const free = freeDimensions(loadModel(path));
if (free.length > 0) console.log(`Free dimensions, fixed to 1 here: ${free.join(', ')}`);
const { nodes, supported, partitions, impact, advice, causes } = await analyseCoverage(path, {
  format: 'mlprogram',
  fix: Object.fromEntries(free.map((name) => [name, 1])),
});
console.log(`${supported} of ${nodes} nodes in ${partitions.length} partitions; impact ${impact}`);
console.log(advice);
for (const cause of causes) console.log(`  ${cause.nodes.length} nodes (${cause.opTypes.join(', ')}): ${cause.text}`);
