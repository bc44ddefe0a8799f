import { listSupportedBackends } from 'onnxruntime-node';
import { FaceMirrorError } from '../errors.js';
import type { ProviderChoice } from './options.js';

/** A provider by the name that ONNX Runtime's Node.js binding knows it by. */
export type ProviderName = 'cpu' | 'coreml' | 'cuda' | 'dml' | 'webgpu';

const BINDING_NAMES: Readonly<Record<Exclude<ProviderChoice, 'auto'>, ProviderName>> = {
  cpu: 'cpu',
  coreml: 'coreml',
  cuda: 'cuda',
  directml: 'dml',
  webgpu: 'webgpu',
};

/**
 * The provider for a choice on this machine.
 * @throws FaceMirrorError PROVIDER_UNAVAILABLE when this ONNX Runtime build lacks it.
 */
export function resolveProvider(choice: ProviderChoice): ProviderName {
  const available = new Set<string>(['cpu', ...listSupportedBackends().map((backend) => backend.name)]);
  if (choice === 'auto') return process.platform === 'darwin' && available.has('coreml') ? 'coreml' : 'cpu';
  const name = BINDING_NAMES[choice];
  if (!available.has(name)) {
    const names = Object.entries(BINDING_NAMES).flatMap(([key, value]) => (available.has(value) ? [key] : []));
    throw new FaceMirrorError(
      'PROVIDER_UNAVAILABLE',
      `The provider "${choice}" is not available here: this ONNX Runtime has ${names.join(', ')}. Choose one of these with --provider, or leave it out.`,
    );
  }
  return name;
}
