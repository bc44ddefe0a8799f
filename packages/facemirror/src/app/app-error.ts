import { FaceMirrorError, messageOf } from 'facemirror-core/errors.js';

/** A request that is refused, with the status to answer; the message is a sentence for the user. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** What a failed request is answered. */
export function answerFor(error: unknown): { status: number; body: { code: string; message: string } } {
  if (error instanceof AppError) return { status: error.status, body: { code: error.code, message: error.message } };
  if (error instanceof FaceMirrorError)
    return { status: statusOf(error), body: { code: error.code, message: error.message } };
  const { statusCode, code } = error as { statusCode?: unknown; code?: unknown };
  const status = typeof statusCode === 'number' ? statusCode : 500;
  return {
    status,
    body: {
      code: typeof code === 'string' ? code : 'UNEXPECTED',
      message: status < 500 ? messageOf(error) : sentenceOf(error),
    },
  };
}

function statusOf({ code }: FaceMirrorError): number {
  switch (code) {
    case 'USAGE':
    case 'NOT_A_VIDEO':
      return 400;
    case 'LICENCE_NOT_ACCEPTED':
      return 403;
    case 'DISK_FULL':
      return 507;
    default:
      return 500;
  }
}

function sentenceOf(error: unknown): string {
  return `Face Mirror met an error that it did not expect: ${messageOf(error).split('\n')[0] ?? ''}`;
}
