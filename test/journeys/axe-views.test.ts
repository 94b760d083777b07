/** Every page of residents and the public in a real browser. */
import { isDesk, look } from '../support/axe.ts'
import { allScenes } from '../support/fixtures/index.ts'

look(allScenes.filter((scene) => !isDesk(scene)))
