/** Makes the networks of the suite openface3 ready, in a process of its own. Started by ready-apart.ts only. */
import { failureOf } from '../../processes/failure.js';
import { serveParent } from '../../processes/helper-child.js';
import { readyNetworks, type NetworksWanted } from './networks.js';
import type { FromReadyChild } from './ready-apart.js';

async function answer(wanted: NetworksWanted): Promise<void> {
  let message: FromReadyChild;
  try {
    message = { kind: 'ready', networks: await readyNetworks(wanted) };
  } catch (error) {
    message = failureOf(error);
  }
  process.send?.(message, () => process.exit());
}

serveParent();
process.once('message', (wanted: NetworksWanted) => void answer(wanted));
