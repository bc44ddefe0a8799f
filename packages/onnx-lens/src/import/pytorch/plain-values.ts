import { OPCODES } from './opcodes.js';
import type { PickleReader } from './pickle-reader.js';
import type { PickleValue } from './values.js';

/** Reads a number, a string or bytes, whichever the instruction is for; undefined for any other instruction. */
export function readPlain(opcode: number, reader: PickleReader): PickleValue | undefined {
  switch (opcode) {
    case OPCODES.NONE:
      return null;
    case OPCODES.NEWTRUE:
      return true;
    case OPCODES.NEWFALSE:
      return false;
    case OPCODES.BININT:
      return reader.int32();
    case OPCODES.BININT1:
      return reader.byte();
    case OPCODES.BININT2:
      return reader.uint16();
    case OPCODES.LONG1:
      return reader.long(reader.byte());
    case OPCODES.LONG4:
      return reader.long(reader.uint32());
    case OPCODES.BINFLOAT:
      return reader.float64();
    case OPCODES.BINUNICODE:
    case OPCODES.BINSTRING:
      return reader.text(reader.uint32());
    case OPCODES.SHORT_BINUNICODE:
    case OPCODES.SHORT_BINSTRING:
      return reader.text(reader.byte());
    case OPCODES.BINUNICODE8:
      return reader.text(reader.uint64());
    case OPCODES.BINBYTES:
      return reader.slice(reader.uint32());
    case OPCODES.SHORT_BINBYTES:
      return reader.slice(reader.byte());
    case OPCODES.BINBYTES8:
    case OPCODES.BYTEARRAY8:
      return reader.slice(reader.uint64());
    default:
      return undefined;
  }
}
