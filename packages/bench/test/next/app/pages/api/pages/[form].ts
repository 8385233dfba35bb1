import { toExpress } from '@chaperone/express';
import { guardRoute } from '@chaperone/http';
import { answer } from '../../../lib/answer';
import { guard } from '../../../lib/guard';

const handler = toExpress(
  guardRoute((request) => {
    const { pathname, searchParams } = new URL(request.url);
    return answer(request, pathname.split('/').at(-1) ?? '', searchParams.get('model') ?? '');
  }, guard),
);
export { handler as default };
