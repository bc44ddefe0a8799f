/**
 * Modules whose functions start programs, run code or reach files and networks. Objects are never saved by them, but
 * attacks are. Nothing that a pickle names is run here in any case; such a file is refused so that its user learns of
 * it before another program opens it.
 */
const DANGEROUS_MODULES: ReadonlySet<string> = new Set([
  '_posixsubprocess',
  'aiohttp',
  'asyncio',
  'bdb',
  'ctypes',
  'ftplib',
  'http',
  'httplib',
  'idlelib',
  'imp',
  'importlib',
  'marshal',
  'multiprocessing',
  'nt',
  'os',
  'pdb',
  'pip',
  'pkgutil',
  'platform',
  'popen2',
  'posix',
  'pty',
  'pydoc',
  'requests',
  'runpy',
  'shutil',
  'smtplib',
  'socket',
  'ssl',
  'subprocess',
  'sys',
  'tempfile',
  'urllib',
  'urllib2',
  'venv',
  'webbrowser',
]);

const DANGEROUS_NAMES: ReadonlySet<string> = new Set([
  ...['__import__', 'apply', 'breakpoint', 'compile', 'eval', 'exec', 'execfile', 'exit', 'input', 'open', 'quit'].map(
    (name) => `builtins.${name}`,
  ),
  'cProfile.run',
  'cProfile.runctx',
  'code.InteractiveConsole',
  'code.InteractiveInterpreter',
  'code.interact',
  'io.open',
  'io.FileIO',
  '_io.open',
  '_io.FileIO',
  'codecs.open',
  'profile.run',
  'profile.runctx',
  'timeit.repeat',
  'timeit.timeit',
  'pickle.loads',
  'pickle.load',
  '_pickle.loads',
  '_pickle.load',
  'torch.hub.load',
  'torch.load',
  'torch.serialization.load',
  'torch.utils.cpp_extension.load',
  'torch.utils.cpp_extension.load_inline',
  'numpy.testing._private.utils.runstring',
  'numpy.f2py.crackfortran.getlincoef',
]);

/** Names are looked at as far as the longest of the list. */
const MOST_PARTS = 8;
/** The module of Python 2 as which old protocols write `subprocess`; not a package of that name. */
const PYTHON_2_SUBPROCESS = /^commands\.[^.]+$/;

/** True for a name that only an attack puts into a pickle. `name` is `module.attribute`, perhaps of an attribute. */
export function isDangerous(name: string): boolean {
  const [top = '', ...rest] = name.split('.', MOST_PARTS);
  if (DANGEROUS_MODULES.has(top) || PYTHON_2_SUBPROCESS.test(name)) return true;
  return rest.some((_, place) => DANGEROUS_NAMES.has([top, ...rest.slice(0, place + 1)].join('.')));
}
