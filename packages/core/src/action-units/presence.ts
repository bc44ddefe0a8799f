import { ACTION_UNITS, noActionUnits, type ActionUnit, type ActionUnitValues } from './units.js';

/** Intensities at which a unit comes on and goes off again. */
export interface PresenceThreshold {
  readonly on: number;
  readonly off: number;
}

/** FACS' lowest grade, a trace (A), is 1; a unit that is on stays on until it has all but gone. */
export const PRESENCE: PresenceThreshold = { on: 1, off: 0.5 };
/** A blink closes the eye; squinting and looking down only narrow it. */
export const BLINK_PRESENCE: PresenceThreshold = { on: 2, off: 1 };

/**
 * Turns intensities into presence frame after frame, with hysteresis so that noise about one threshold makes no events.
 */
export class PresenceDetector {
  readonly #on = new Set<ActionUnit>();

  /** The next frame; null when it shows no face (everything goes off). */
  next(intensity: ActionUnitValues | null): ActionUnitValues {
    const presence = noActionUnits();
    if (intensity === null) {
      this.#on.clear();
      return presence;
    }
    for (const unit of ACTION_UNITS) {
      const value = intensity[unit];
      if (value === null) continue;
      const { on, off } = unit === 'AU45' ? BLINK_PRESENCE : PRESENCE;
      if (value >= on) this.#on.add(unit);
      else if (value < off) this.#on.delete(unit);
      presence[unit] = this.#on.has(unit) ? 1 : 0;
    }
    return presence;
  }
}
