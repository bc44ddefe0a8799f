import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import fastify, { type FastifyInstance } from 'fastify';
import { FaceMirrorError } from 'facemirror-core/errors.js';
import { LocalQueue } from '../batch/local-queue.js';
import { answerFor } from './app-error.js';
import { guardAccess, newToken } from './access.js';
import type { AppContext } from './app-context.js';
import { JobStore } from './job-store.js';
import { Library } from './library.js';
import { ResultsFolder } from './results-folder.js';
import { aboutRoutes } from './routes/about.js';
import { compareRoutes } from './routes/compare.js';
import { examinationRoutes } from './routes/examination.js';
import { eventRoutes, jobRoutes } from './routes/jobs.js';
import { lensRoutes } from './routes/lens.js';
import { modelRoutes } from './routes/models.js';
import { resultRoutes } from './routes/results.js';
import { videoRoutes } from './routes/videos.js';

/** Where the built page lies in this package. */
const PAGE_FOLDER = fileURLToPath(new URL('../../page', import.meta.url));

/** Largest upload by default: 64 GB, an hour of 4K at a camera's highest rate. */
const MOST_UPLOAD_BYTES = 64e9;

export interface ServerOptions {
  /** 0 takes any free port. */
  readonly port: number;
  /** A loopback name. */
  readonly host: string;
}

export interface AppOptions extends ServerOptions {
  /** Folder of the library; made if there is none. */
  readonly library: string;
  readonly mostUploadBytes?: number;
}

/** The local app's server. Close it on every path. */
export interface AppServer {
  /** With the token: to be opened once in a browser. */
  readonly address: string;
  readonly fastify: FastifyInstance;
  close(): Promise<void>;
}

/**
 * Starts the server on this machine's loopback.
 * @throws FaceMirrorError USAGE if the port is taken, FILE_UNWRITABLE for the library's folder.
 */
export async function startApp({ library: folder, mostUploadBytes, ...options }: AppOptions): Promise<AppServer> {
  requirePage();
  const library = await Library.open(folder);
  const jobs = await JobStore.open({ library, openQueue: (onEvent) => new LocalQueue(onEvent) });
  const context: AppContext = { library, jobs, mostUploadBytes: mostUploadBytes ?? MOST_UPLOAD_BYTES };
  const about = {
    libraryPlace: `Your library is the folder ${library.folder}.`,
    canEdit: true,
    screens: ['start', 'queue', 'review', 'compare', 'report', 'performance', 'models', 'lens'],
  };
  return listen(options, {
    routes: (app) => {
      aboutRoutes(app, about);
      resultRoutes(app, library);
      for (const routes of [videoRoutes, jobRoutes, examinationRoutes, compareRoutes, modelRoutes, lensRoutes])
        routes(app, context);
    },
    close: () => jobs.close(),
  });
}

/**
 * Shows the results in a folder, on this machine's loopback; nothing in it is changed.
 * @throws FaceMirrorError USAGE if the port is taken, FILE_UNREADABLE for a folder without results.
 */
export async function startView({
  results: path,
  ...options
}: ServerOptions & { readonly results: string }): Promise<AppServer> {
  requirePage();
  const results = await ResultsFolder.open(path);
  const about = {
    libraryPlace: `These are the results in ${results.folder}.`,
    canEdit: false,
    screens: ['review', 'report', 'performance'],
  };
  return listen(options, {
    routes: (app) => {
      aboutRoutes(app, about);
      resultRoutes(app, results);
      eventRoutes(app, { all: [], watch: () => () => undefined });
    },
    close: () => results.close(),
  });
}

/** What a server serves. */
interface Served {
  readonly routes: (app: FastifyInstance) => void;
  readonly close: () => Promise<void>;
}

async function listen({ port, host }: ServerOptions, { routes, close }: Served): Promise<AppServer> {
  const token = newToken();
  const app = fastify({
    logger: false,
    bodyLimit: 1_000_000,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 400 },
  });
  const boundPort = (): number => portOf(app.addresses()[0]) ?? port;
  guardAccess(app, token, boundPort);
  app.setErrorHandler((error, _, reply) => {
    const { status, body } = answerFor(error);
    return reply.status(status).send(body);
  });
  app.setNotFoundHandler((_, reply) =>
    reply.status(404).send({ code: 'NOT_FOUND', message: 'There is nothing at this address.' }),
  );
  // Videos and models are streamed by their routes, never collected in memory.
  app.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload));
  await app.register(fastifyStatic, { root: PAGE_FOLDER, cacheControl: false });
  routes(app);
  try {
    await app.listen({ port, host });
  } catch (error) {
    await app.close();
    await close();
    throw (error as NodeJS.ErrnoException).code === 'EADDRINUSE' ? portTaken(port, error) : error;
  }
  return {
    address: `http://${host}:${boundPort()}/?token=${token}`,
    fastify: app,
    close: async () => {
      await app.close();
      await close();
    },
  };
}

/** A checkout that was never built whole has no page. */
function requirePage(): void {
  if (!existsSync(join(PAGE_FOLDER, 'index.html')))
    throw new FaceMirrorError('FILE_UNREADABLE', 'The page of the app is not built: run "npm run build" first.');
}

function portOf(address: { readonly port: number } | string | undefined): number | undefined {
  return typeof address === 'object' ? address.port : undefined;
}

function portTaken(port: number, cause: unknown): FaceMirrorError {
  const sentence = `Port ${port} is taken, perhaps by another Face Mirror: use that one, or choose a port with --port.`;
  return new FaceMirrorError('USAGE', sentence, { cause });
}
