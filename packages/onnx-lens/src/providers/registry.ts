import { OnnxLensError } from '../errors.js';
import { coreMl } from './coreml/coreml.js';
import { nnapi } from './nnapi/nnapi.js';
import type { Provider } from './provider.js';
import type { ProviderName } from './target.js';
import { webnn } from './webnn/webnn.js';
import { xnnpack } from './xnnpack/xnnpack.js';

const KNOWN: readonly Provider[] = [coreMl, xnnpack, nnapi, webnn];

/**
 * The provider of a name.
 * @throws OnnxLensError USAGE for one whose rules are not known.
 */
export function providerNamed(name: ProviderName): Provider {
  const found = KNOWN.find((provider) => provider.name === name);
  if (found === undefined) {
    throw new OnnxLensError(
      'USAGE',
      `There are no rules for ${name}; choose one of ${KNOWN.map((provider) => provider.name).join(', ')}.`,
    );
  }
  return found;
}
