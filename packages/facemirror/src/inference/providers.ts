import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import './no-telemetry.js';
import { listSupportedBackends, type InferenceSession } from 'onnxruntime-node';
import type { ProviderChoice, ProviderName } from 'facemirror-core/inference/options.js';

const BINDING_NAMES: Readonly<Record<Exclude<ProviderChoice, 'auto'>, ProviderName>> = {
  cpu: 'cpu',
  coreml: 'coreml',
  cuda: 'cuda',
  directml: 'dml',
  webgpu: 'webgpu',
};

/** The name by which the user knows a provider. */
export function providerChoice(provider: ProviderName): Exclude<ProviderChoice, 'auto'> {
  return provider === 'dml' ? 'directml' : provider;
}

/** The name by which ONNX Runtime's binding knows a provider. */
export function bindingName(provider: Exclude<ProviderChoice, 'auto'>): ProviderName {
  return BINDING_NAMES[provider];
}

/** Bit 16 of coreMlFlags: write MLProgram, which takes far more operators than the older NeuralNetwork. */
const COREML_CREATE_MLPROGRAM = 0x10;

/**
 * The providers to try for a choice on this machine, best first; the last is always the CPU. One that was asked for by
 * name is tried whatever the build has.
 */
export function providerCandidates(choice: ProviderChoice): ProviderName[] {
  if (choice === 'auto') {
    const built = builtProviders();
    return [...accelerators().filter((name) => built.includes(name)), 'cpu'];
  }
  const name = bindingName(choice);
  return name === 'cpu' ? ['cpu'] : [name, 'cpu'];
}

/** The providers that this build of ONNX Runtime has, or has a place for: that one opens here is another matter. */
export function builtProviders(): ProviderName[] {
  const listed = new Set<string>(['cpu', ...listSupportedBackends().map((backend) => backend.name)]);
  return Object.values(BINDING_NAMES).filter((name) => listed.has(name));
}

/**
 * Accelerators that this machine may have; a provider that cannot work here at all is not tried, as its library would
 * complain aloud.
 */
function accelerators(): ProviderName[] {
  if (process.platform === 'darwin') return process.arch === 'arm64' ? ['coreml'] : [];
  if (process.platform === 'win32') return ['dml', 'webgpu'];
  return [
    ...(hasCudaLibrary() ? (['cuda'] as const) : []),
    ...(existsSync('/dev/dri/renderD128') ? (['webgpu'] as const) : []),
  ];
}

/** CUDA's part of ONNX Runtime is an install of its own on Linux, which this program does not ask for. */
function hasCudaLibrary(): boolean {
  const packageFile = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  return existsSync(
    join(dirname(packageFile), 'bin', 'napi-v6', 'linux', process.arch, 'libonnxruntime_providers_cuda.so'),
  );
}

/** What ONNX Runtime is asked for: the provider, and the CPU for what it leaves. */
export function executionProviders(provider: ProviderName): InferenceSession.ExecutionProviderConfig[] {
  if (provider === 'cpu') return ['cpu'];
  if (provider === 'coreml') return [{ name: 'coreml', coreMlFlags: COREML_CREATE_MLPROGRAM }, 'cpu'];
  return [provider, 'cpu'];
}
