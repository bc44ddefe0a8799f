import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from 'facemirror-ui/app.js';
import 'facemirror-ui/style.css';
import { messageOf } from 'facemirror-core/errors.js';
import { BrowserBackend } from './backend/browser-backend.js';
import { browserFeatures, unfitness } from './support/requirements.js';
import { underServiceWorker } from './support/service-worker-control.js';

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no element with the id "root".');

try {
  const unfit = unfitness(browserFeatures());
  if (unfit !== null) throw unfit;
  if (await underServiceWorker()) {
    const site = new URL('.', location.href).href;
    createRoot(root).render(
      <StrictMode>
        <App backend={new BrowserBackend(site)} />
      </StrictMode>,
    );
  }
} catch (error) {
  const sentence = document.createElement('p');
  sentence.className = 'failure';
  sentence.setAttribute('role', 'alert');
  sentence.textContent = messageOf(error);
  root.replaceChildren(sentence);
}
