import type { Program } from './program.js';
import type { Value } from './values.js';

/** What is known of Core ML itself that a user of the package should know, in sentences. */
export function restrictions(programs: readonly Program[], isHalf: boolean): string[] {
  const operations = programs.flatMap((program) => program.operations);
  const warnings: string[] = [];
  const grouped = operations.filter(({ type, inputs }) => {
    if (type !== 'conv') return false;
    const groups = Number((inputs['groups'] as Value).constant?.data[0]);
    return groups > 1 && groups < ((inputs['x'] as Value).shape[1] ?? 0);
  });
  if (grouped.length > 0)
    warnings.push(
      `${grouped.length} convolutions have several groups of several channels; Core ML was reported to miscompute those before an activation. Compare the package with the original on a Mac.`,
    );
  const wide = operations.filter(({ outputs }) =>
    outputs.some(({ shape }) => shape.slice(-2).some((size) => size > 16384)),
  );
  if (wide.length > 0)
    warnings.push(`${wide.length} values are wider or higher than 16,384; they do not run on the Neural Engine.`);
  const fromEngine = operations.filter(
    ({ type }) => type === 'topk' || type === 'gather' || type === 'gather_nd' || type === 'gather_along_axis',
  );
  if (fromEngine.length > 0)
    warnings.push(
      `${fromEngine.length} operations (${[...new Set(fromEngine.map(({ type }) => type))].join(', ')}) usually run on the CPU, not on the Neural Engine.`,
    );
  const floats = operations.filter(({ outputs }) => outputs.some(({ type }) => type === 'fp32'));
  const halves = operations.filter(({ outputs }) => outputs.some(({ type }) => type === 'fp16'));
  if (isHalf && floats.length > halves.length)
    warnings.push(
      `${floats.length} of ${floats.length + halves.length} operations stay in float32, which the Neural Engine does not compute in. Real inputs (--calibration) or a larger --tolerance may need fewer.`,
    );
  if (!isHalf)
    warnings.push(
      'The package computes in float32, which the Neural Engine does not; --fp16 writes one that it takes.',
    );
  return warnings;
}
