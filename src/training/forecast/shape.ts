import type { Linear, ModelShape } from './types.ts';

/** A weight by its name in a Transformers folder, as [out, in] where it has two sides. */
export interface NamedWeight {
  readonly name: string;
  readonly shape: readonly number[];
}

export interface ShapeFacts {
  readonly architecture: string;
  readonly kind: ModelShape['kind'];
  readonly layers: number;
  readonly hidden: number;
  readonly intermediate: number;
  readonly heads: number;
  readonly kvHeads: number | undefined;
  readonly headSize: number | undefined;
  readonly vocabulary: number;
  readonly storedBytes: number;
}

const IN_BLOCK = /(?:^|\.)(?:layers?|h|blocks)\.(\d+)\.(?:.+\.)?([^.]+)\.(?:weight|bias)$/;

/** The shape of a model from its own figures and the list of its weights. Pure. */
export function shapeOf(facts: ShapeFacts, weights: readonly NamedWeight[]): ModelShape {
  const layerParameters = Array.from({ length: facts.layers }, () => 0);
  const linears: Linear[] = [];
  let parameters = 0;
  for (const { name, shape } of weights) {
    const size = shape.reduce((product, side) => product * side, 1);
    parameters += size;
    const [, layer, module = ''] = IN_BLOCK.exec(name) ?? [];
    if (layer === undefined) continue;
    const before = layerParameters[Number(layer)];
    if (before !== undefined) layerParameters[Number(layer)] = before + size;
    const [out, from, more] = shape;
    if (name.endsWith('.weight') && out !== undefined && from !== undefined && more === undefined) {
      linears.push({ name: module, in: from, out });
    }
  }
  const { kvHeads, headSize, ...rest } = facts;
  return {
    ...rest,
    kvHeads: kvHeads ?? facts.heads,
    headSize: headSize ?? Math.floor(facts.hidden / facts.heads),
    parameters,
    layerParameters,
    linears,
  };
}
