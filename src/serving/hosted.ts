import { findPreset } from '../models/presets.ts';
import type { Endpoint } from '../models/types.ts';

/** Whether an endpoint is a well-known service on the net: no server to watch, and polling it would be rude. */
export const isHostedService = ({ preset }: Pick<Endpoint, 'preset'>): boolean => findPreset(preset)?.local === false;
