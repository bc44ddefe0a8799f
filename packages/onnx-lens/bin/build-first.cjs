/** Builds a fresh checkout at its first use (npm's installers are off there, see .npmrc); a package from npm is built already. */
const { spawnSync } = require('node:child_process');
const { existsSync } = require('node:fs');
const { join } = require('node:path');

module.exports = (packageFolder) => {
  if (existsSync(join(packageFolder, 'dist', 'cli', 'main.js'))) return;
  process.stderr.write('Building once ...\n');
  const { status } = spawnSync('npm', ['run', 'build'], {
    cwd: join(packageFolder, '..', '..'),
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(1);
};
