import { create, type DescMessage, type MessageShape } from '@bufbuild/protobuf';

/**
 * A message with the fields of another and some of them changed; what the fields hold is shared, not copied.
 *
 * (A spread would lose the message's prototype, and with it the defaults of fields that are not set.)
 */
export function copyMessage<T extends DescMessage>(schema: T, message: MessageShape<T>, changes: Partial<MessageShape<T>> = {}): MessageShape<T> {
  return Object.assign(create(schema), message, changes);
}
