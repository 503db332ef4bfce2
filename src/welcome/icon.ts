export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">
<rect width="16" height="16" rx="3" fill="#49cc90"/><path d="m4 8.5 3 3 5-7" fill="none" stroke="#fff" stroke-width="2"/>
</svg>`

/** The icon as /favicon.ico, which some browsers ask for whatever a page says: a PNG of 32 pixels in an ICO file. */
export const favicon = Buffer.from(
  'AAABAAEAICAAAAEAIAAQAwAAFgAAAIlQTkcNChoKAAAADUlIRFIAAAAgAAAAIAgGAAAAc3p69AAAAsVJREFUeJzEl19I01EUx7/3' +
    't59ZZqilWE2Z6+9DTcJaSUUGhRv6IvkgBFEZ7EkqgyKiIIQoI7CgB+mhiP49ZkU6rYioKNHSByssp5loWVr+K/9s/m73Xkv3K91+' +
    '022/D2z33HPub+fs3HPu7mR4Yasp2UWAHBCSzsbFCCIU6AClL9lYVmktvPZXT/hb1uuLJqq4L7FpJsICrSJShKM8raBVEtNR943w' +
    'OeeQTEXxXBeS7dWFvRKll6EDCiH5MqE0DzrBfUuEYg10gvuWWRkmQi+YbwkhYq4hUtO6kARgmr0AV1PzsXX+Sr9rgx5ABDHg+LJs' +
    'REmzcMRsxwHTdqELWwCO5C0wRsaNz23xq5DhIxMygog1JgXZCakqXV3fJzzsfouQBxAnR+EwS7k3vZ5BFLdU+HwuaAEcXZqF6H8q' +
    'v7i5An2eIYQ8gB2JabBEG1W62511qO9v8/uspiK0zEua0maeE489xk0qnWvwG660P4MW/AawL2kzilfkwh6/+j8bb69jLPUymfiY' +
    'IcWNM65yeKgCLfjcgryFVuQmrhXyftM2MTq7GsbtjuQMVctxStueoH24B1qZMgPJs+Ow27hRpeNBZCVYhDzWchaV/XlPE6q63iAQ' +
    'DMsd9pOTGXj1drkHkB67RKVfH2NmNzYi9j1Smkjg15F+nHhfBjcdRSD43IJK9m34Xh5KyRy7u/1h56INqnUKu/Gdbi7HL2UEgeK3' +
    'CB91v8O5FqdwMhU3O6rR+PMLpoOmNnz8vVEcKpMF0TDQjlufqzFdNP8YPf3xAadc9zHq1V485WebnT5yE8QAOC96XChy3Rvv8ZKW' +
    'B6JQZ0LAR3FN70cUNd2FNdYs2m6myCx/nYHeC2v7WsVrxjDfEiWoh05w3xIBLYVOcN/ifLHXnncywYYwQkHvONcV5oguUGA4yIZh' +
    'hAnWtgMkwlDAZe8TVpe/578BAAD//5Cn+7sAAAAGSURBVAMAL0Tr+DdMoRMAAAAASUVORK5CYII=',
  'base64',
)
