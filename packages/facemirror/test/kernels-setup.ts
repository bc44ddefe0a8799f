import { provideNodeKernels } from '../src/machine/kernels.js';

provideNodeKernels();
