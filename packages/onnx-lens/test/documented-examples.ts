import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';

/** An exported name, and what its documentation holds. */
export interface DocumentedExport {
  readonly name: string;
  /** Functions, classes, constants and enums; types and interfaces are not values. */
  readonly isValue: boolean;
  readonly isDocumented: boolean;
  readonly examples: readonly string[];
}

/**
 * What a package's entry exports, read from its built declarations, which lie beside its module.
 */
export async function documentedExports(declarations: string): Promise<DocumentedExport[]> {
  const values = new Set(
    Object.keys((await import(pathToFileURL(declarations.replace(/\.d\.ts$/, '.js')).href)) as object),
  );
  const program = ts.createProgram([declarations], { module: ts.ModuleKind.NodeNext, skipLibCheck: true });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(declarations);
  const module = source && checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`${declarations} is no module: build first.`);
  return checker.getExportsOfModule(module).map((exported) => {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    return {
      name: exported.name,
      isValue: values.has(exported.name),
      isDocumented:
        symbol.getDocumentationComment(checker).length > 0 ||
        symbol.getJsDocTags(checker).some(({ name }) => name === 'generated'),
      examples: symbol
        .getJsDocTags(checker)
        .filter(({ name }) => name === 'example')
        .map(({ text }) => ts.displayPartsToString(text)),
    };
  });
}

/**
 * Runs every example in one process, in a folder that holds the files they name. A line `value; // 3` or
 * `console.log(value); // 3` must give what the comment says.
 *
 * @param packageFolder its package's name must resolve from there
 * @returns what went wrong, a sentence for each example that failed
 */
export async function runExamples(
  packageFolder: string,
  packageName: string,
  exports: readonly DocumentedExport[],
  folder: string,
): Promise<string[]> {
  const written = join(packageFolder, 'dist', `.examples-${process.pid}`);
  mkdirSync(written, { recursive: true });
  try {
    const modules = exports.flatMap(({ name, examples }) =>
      examples.map((example, place) => {
        const path = join(written, `${name}-${place + 1}.mjs`);
        writeFileSync(path, moduleOf(example, packageName, exports));
        return { name, url: pathToFileURL(path).href };
      }),
    );
    const runner = join(written, 'run.mjs');
    writeFileSync(
      runner,
      `const failures = [];
for (const { name, url } of ${JSON.stringify(modules)}) {
  try {
    await import(url);
  } catch (error) {
    failures.push(\`\${name}: \${error.message}\`);
  }
}
console.log('FAILURES' + JSON.stringify(failures));`,
    );
    const { stdout } = await promisify(execFile)(process.execPath, [runner], { cwd: folder });
    return JSON.parse(stdout.slice(stdout.lastIndexOf('FAILURES') + 8)) as string[];
  } finally {
    rmSync(written, { recursive: true, force: true });
  }
}

function moduleOf(example: string, packageName: string, exports: readonly DocumentedExport[]): string {
  const lines = example.split('\n').filter((line) => !line.startsWith('```'));
  const words = new Set(lines.join('\n').match(/[A-Za-z_$][\w$]*/g));
  const declared = new Set(Array.from(lines.join('\n').matchAll(/(?:const|let) (\w+)/g), ([, name]) => name));
  const used = exports.filter(({ name, isValue }) => isValue && words.has(name) && !declared.has(name));
  const checked = lines.map((line) => {
    const match = /^(\s*)(?:console\.log\((.*)\)|((?!const |let |return )[^;]+)); \/\/ (.*)$/.exec(line);
    if (match === null) return line;
    const [, indent = '', logged, plain, expected = ''] = match;
    const value = logged ?? plain ?? '';
    return `${indent}check(${value}, ${JSON.stringify(expected)}, ${JSON.stringify(value)});`;
  });
  return `import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { ${used.map(({ name }) => name).join(', ')} } from '${packageName}';
function check(value, expected, code) {
  const shown = inspect(value, { depth: 9, breakLength: Infinity });
  const plain = (text) => text.replaceAll(/\\s/g, '');
  if (plain(shown) !== plain(expected)) throw new Error(code + ' gives ' + shown + ', not ' + expected);
}
void [createReadStream, existsSync, readFileSync];
${checked.join('\n')}
`;
}
