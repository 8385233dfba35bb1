import { createApp } from './app.ts';
import { openService } from './service.ts';

const service = await openService();
const { app, guard } = createApp(service);
guard.on('flagged', ({ decision }) => console.warn(decision.stage, decision.action, decision.findings));
app.listen(3000, () => console.log(`http://localhost:3000, ${service.isLocal ? 'local models' : 'OpenAI'}`));
