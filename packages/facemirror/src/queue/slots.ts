import { availableMemory } from '../machine/available-memory.js';
import { usableCores } from '../machine/usable-cores.js';

/** Cores that one video keeps about busy, and memory that it takes at most, networks included. */
const CORES_OF_VIDEO = 2;
const MEMORY_OF_VIDEO = 1e9;

/** How many videos a worker takes at once when nobody says: one for every two cores, where the memory holds them. */
export function automaticSlots(cores = usableCores(), memory = availableMemory()): number {
  return Math.max(1, Math.min(Math.floor(cores / CORES_OF_VIDEO), Math.floor(memory / MEMORY_OF_VIDEO)));
}

/** The cores that each of so many videos may use. */
export function coresOfSlot(slots: number, cores = usableCores()): number {
  return Math.max(1, Math.floor(cores / slots));
}
