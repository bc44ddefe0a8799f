/** "onnx-lens/internal": what Face Mirror's own packages share. Not public: it may change in any release. */
export { crossesFreeDimensions } from './coverage/partitions.js';
export { writeFileWhole } from './files.js';
export { looksLikeCheckpoint } from './import/pytorch/checkpoint.js';
export { thisMachine } from './prepare/machine.js';
