import type { Server } from 'node:http';

/** A server for the built site; `withHeaders: false` serves as a plain host does. */
export function siteServer(folder: string, options?: { readonly withHeaders?: boolean }): Server;
