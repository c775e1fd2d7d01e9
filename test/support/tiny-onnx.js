// An encoder whose every token has the same vector: what a scripted export leaves, with nothing learnt in it.

const DIMENSION = 384;
const FLOAT = 1;
const INT64 = 7;

const length = Math.hypot(...Array.from({ length: DIMENSION }, (_, at) => at + 1));
/** What it makes of any text: of length 1. */
export const CONSTANT_VECTOR = Array.from({ length: DIMENSION }, (_, at) => (at + 1) / length);

/** Bytes of the model: last_hidden_state = table[input_ids], as the ONNX protobuf has it. */
export function constantOnnx(tokens) {
  const table = Buffer.from(new Float32Array(Array.from({ length: tokens }, () => CONSTANT_VECTOR).flat()).buffer);
  const tensor = message([1, tokens], [1, DIMENSION], [2, FLOAT], [8, 'table'], [9, table]);
  const node = message([1, 'table'], [1, 'input_ids'], [2, 'last_hidden_state'], [4, 'Gather']);
  const graph = message(
    [1, node],
    [2, 'constant'],
    [5, tensor],
    [11, value('input_ids', INT64, ['batch', 'sequence'])],
    [12, value('last_hidden_state', FLOAT, ['batch', 'sequence', DIMENSION])],
  );
  return message([1, 8], [7, graph], [8, message([2, 18])]);
}

function value(name, type, dims) {
  const shape = message(...dims.map((one) => [1, message(typeof one === 'number' ? [1, one] : [2, one])]));
  return message([1, name], [2, message([1, message([1, type], [2, shape])])]);
}

/** Fields of a protobuf message: numbers as varints, texts and bytes with their length. */
function message(...fields) {
  return Buffer.concat(
    fields.flatMap(([number, content]) => {
      if (typeof content === 'number') return [varint(number << 3), varint(content)];
      const bytes = Buffer.from(content);
      return [varint((number << 3) | 2), varint(bytes.length), bytes];
    }),
  );
}

function varint(number) {
  const bytes = [];
  for (let rest = number; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}
