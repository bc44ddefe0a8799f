import tseslint from 'typescript-eslint';
import js from '@eslint/js';

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      'packages/facemirror/page/**',
      'packages/web/site/**',
      '**/node_modules/**',
      '**/generated/**',
      '**/*.as.ts',
      '**/assembly/**',
      '**/*.cjs',
      '**/globals.d.ts',
    ],
  },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked.map((config) => ({ ...config, files: ['**/*.ts', '**/*.tsx'] })),
  {
    files: ['**/*.ts', '**/*.tsx'],
    languageOptions: {
      parserOptions: {
        project: ['packages/*/tsconfig.json', 'tsconfig.tests.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-deprecated': 'error',
      // protobuf and FlatBuffers give enums as plain numbers.
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',
    },
  },
  {
    // What is neutral runs in browsers, too: no module and no global of Node, of FFmpeg or of ONNX Runtime.
    files: ['packages/core/src/**/*.ts'],
    rules: {
      'max-lines': ['error', 300],
      'max-len': ['error', 120],
      'no-restricted-imports': [
        'error',
        {
          paths: ['onnx-lens'],
          patterns: ['node:*', 'node-av', 'node-av/*', 'onnxruntime-*', 'facemirror', 'facemirror/*'],
        },
      ],
      'no-restricted-globals': [
        'error',
        'process',
        'Buffer',
        'require',
        '__dirname',
        'window',
        'document',
        'navigator',
      ],
    },
  },
  {
    // Tests take apart what they have just built: a value that is not there fails the test all the same.
    files: ['packages/*/test/**/*.ts'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off', '@typescript-eslint/no-unsafe-assignment': 'off' },
  },
  {
    files: ['**/*.js'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        performance: 'readonly',
        AbortController: 'readonly',
      },
    },
  },
);
