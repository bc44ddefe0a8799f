import type { FaceObservation } from '../face/observation.js';
import type { Frame } from '../frames/frame.js';
import type { ActionUnitRow } from './units.js';

/** A network that reads action units off a picture of a face. */
export interface ActionUnitNetwork {
  /** Model, scale and units, for the tables' sidecar JSON. */
  readonly description: Readonly<Record<string, unknown>>;
  /** The units of a face; for a mirrored table give the mirrored frame. Units that the network lacks are null. */
  measure(frame: Frame, face: FaceObservation): Promise<Pick<ActionUnitRow, 'intensity' | 'presence'>>;
}

/**
 * Where a suite's action units come from: `observation` means from what the landmarker saw (its blendshapes where it
 * has them, else geometry), `network` from a network of its own that looks at each mirrored frame.
 */
export type ActionUnitSource =
  { readonly kind: 'observation' } | { readonly kind: 'network'; readonly network: ActionUnitNetwork };
