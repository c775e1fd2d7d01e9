import { type FileHandle, open } from 'node:fs/promises';
import { RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import { throwIfAborted } from '../files.ts';
import { BLOCK, Q4_1_BYTES, q4ToQ8 } from './blocks.ts';
import { align, type GgufTensor, readLayout, TENSOR_TYPE } from './layout.ts';

/** Of `general.file_type`: "mostly Q8_0". */
const FILE_TYPE_Q8_0 = 7;
const HEAD_BYTES = 64 << 20;
/** Numbers converted between two turns of the event loop: a few milliseconds. */
const SLICE = 65_536;

export interface RequantizeOptions {
  readonly signal?: AbortSignal;
  readonly onBytes?: (bytes: number, total: number) => void;
}

/**
 * Writes a copy of a GGUF file with its Q4_1 tensors as Q8_0 (the rest unchanged). llama.cpp has no fast CPU kernel for
 * Q4_1: prompts run 1.6 to 1.9 times as fast in Q8_0, with the same weights to one part in 127 of a block's largest.
 * Yields to the event loop every few milliseconds. Throws `corrupt`, `cancelled`, `disk-full`; `target` is then incomplete.
 */
export async function requantizeToQ8(source: string, target: string, options: RequantizeOptions = {}): Promise<void> {
  const input = await open(source, 'r').catch((error: unknown) => {
    throw toRagtuiError(error);
  });
  try {
    const output = await open(target, 'w', 0o600);
    try {
      await rewrite(input, output, options);
      await output.sync();
    } finally {
      await output.close();
    }
  } catch (error) {
    throw toRagtuiError(error);
  } finally {
    await input.close();
  }
}

async function rewrite(input: FileHandle, output: FileHandle, { signal, onBytes }: RequantizeOptions): Promise<void> {
  const { size } = await input.stat();
  const head = await read(input, 0, Math.min(size, HEAD_BYTES));
  const { alignment, dataStart, fileTypeAt, tensors } = readLayout(head, size);
  // Types and offsets have a fixed width: the new header is the old one with other numbers in the same places.
  const header = Buffer.alloc(dataStart);
  head.copy(header, 0, 0, dataStart);
  if (fileTypeAt !== undefined) header.writeUInt32LE(FILE_TYPE_Q8_0, fileTypeAt);
  let at = 0;
  for (const tensor of [...tensors].sort((a, b) => a.offset - b.offset)) {
    throwIfAborted(signal);
    const { data, type } = await convert(tensor, await read(input, dataStart + tensor.offset, tensor.bytes));
    header.writeUInt32LE(type, tensor.typeAt);
    header.writeBigUInt64LE(BigInt(at), tensor.offsetAt);
    const padded = Buffer.concat([data, Buffer.alloc(align(data.length, alignment) - data.length)]);
    await output.write(padded, 0, padded.length, dataStart + at);
    at += padded.length;
    onBytes?.(dataStart + tensor.offset + tensor.bytes, size);
  }
  await output.write(header, 0, header.length, 0);
}

async function convert(tensor: GgufTensor, data: Buffer): Promise<{ readonly data: Buffer; readonly type: number }> {
  if (tensor.type !== TENSOR_TYPE.q4_1) return { data, type: tensor.type };
  const pieces: Buffer[] = [];
  for (let at = 0; at < tensor.elements; at += SLICE) {
    const elements = Math.min(SLICE, tensor.elements - at);
    pieces.push(q4ToQ8(data.subarray((at / BLOCK) * Q4_1_BYTES), elements));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { data: Buffer.concat(pieces), type: TENSOR_TYPE.q8_0 };
}

async function read(handle: FileHandle, from: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes);
  const { bytesRead } = await handle.read(buffer, 0, bytes, from);
  if (bytesRead !== bytes)
    throw new RagtuiError('corrupt', 'The GGUF file is cut off.', 'Remove the model and pull it again.');
  return buffer;
}
