import path from 'node:path';
import { RagtuiError } from '../platform/errors.ts';
import type { WorkspacePaths } from '../platform/paths.ts';

/** The GGUF file of a pulled chat model. Errors: `usage` for what is no model id (it becomes part of a path). */
export function modelFile(paths: WorkspacePaths, model: string): string {
  if (!/^[a-z0-9][a-z0-9._-]*$/.test(model)) {
    throw new RagtuiError('usage', `"${model}" is not a model id.`, 'See `ragtui models list`.');
  }
  return path.join(paths.models, model, 'model.gguf');
}
