import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { HttpBackend } from './http/backend.js';
import { App } from './app.js';
import './shell/style.css';

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no element with the id "root".');
createRoot(root).render(
  <StrictMode>
    <App backend={new HttpBackend()} />
  </StrictMode>,
);
